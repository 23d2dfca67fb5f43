import { generateKeyPairSync, randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { TestNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'

/** The callers, in the order of the matrix's columns. */
export const callers = [
	'anonymous',
	'patient',
	'other patient',
	'doctor',
	'other doctor',
	'receptionist',
	'admin',
	'pending',
	'disabled',
	'expired',
	'forged',
] as const
export type Caller = (typeof callers)[number]

export type People = Record<'patient' | 'otherPatient' | 'doctor' | 'otherDoctor' | 'receptionist' | 'admin', Person>

export const aClinicOfPeople = async (node: TestNode): Promise<People> => {
	const [patient, otherPatient, doctor, otherDoctor, receptionist, admin] = await Promise.all([
		aPatient(node, { phone: '+49 30 1234567' }),
		aPatient(node),
		aDoctor(node),
		aDoctor(node),
		aReceptionist(node),
		anAdmin(node),
	])
	return { patient, otherPatient, doctor, otherDoctor, receptionist, admin }
}

const claimsOf = (token: string) => jwt.decode(token) as jwt.JwtPayload & { sid: string; role: string }

/** The admin's claims with forged signatures: none, another key's, other algorithms', and changed claims under a valid one. */
export const forgeriesOf = (node: TestNode, admin: Person, patient: Person): string[] => {
	const { jwtSecret } = node.config
	const claims = claimsOf(admin.token)
	const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
	const [header, , signature] = patient.token.split('.')
	const swapped = Buffer.from(JSON.stringify(claims)).toString('base64url')
	return [
		jwt.sign(claims, '', { algorithm: 'none' }),
		jwt.sign(claims, 'another key, that is long enough to be one of ours', { algorithm: 'HS256' }),
		jwt.sign(claims, jwtSecret, { algorithm: 'HS512' }),
		jwt.sign(claims, privateKey, { algorithm: 'ES256' }),
		`${header}.${swapped}.${signature}`,
	]
}

/** The tokens of each caller. Some callers try several. */
export const tokensOf = async (node: TestNode, people: People): Promise<Record<Caller, (string | undefined)[]>> => {
	const disabled = await anAdmin(node)
	await node.db('users').where({ id: disabled.id }).update({ status: 'disabled' })
	const { exp: _, iat: __, ...claims } = claimsOf(people.admin.token)
	const expired = jwt.sign(claims, node.config.jwtSecret, { algorithm: 'HS256', expiresIn: -1 })
	return {
		anonymous: [undefined],
		patient: [people.patient.token],
		'other patient': [people.otherPatient.token],
		doctor: [people.doctor.token],
		'other doctor': [people.otherDoctor.token],
		receptionist: [people.receptionist.token],
		admin: [people.admin.token],
		pending: [(await aDoctor(node, { status: 'pending' })).token],
		disabled: [disabled.token],
		expired: [expired],
		forged: forgeriesOf(node, people.admin, people.patient),
	}
}

/** A token that is valid for a number of seconds, in the session of another token. */
export const shortLived = (node: TestNode, person: Person, seconds: number): string => {
	const { exp: _, iat: __, ...claims } = claimsOf(person.token)
	return jwt.sign({ ...claims, jti: randomUUID() }, node.config.jwtSecret, { algorithm: 'HS256', expiresIn: seconds })
}
