import { randomBytes, randomUUID } from 'node:crypto'
import type { AccountStatus, Role } from '../../contract/index.ts'
import type { Config } from '../../server/config.ts'
import { createAccessTokens } from '../../server/identity/authentication.ts'
import { hashPassword } from '../../server/identity/secrets.ts'
import type { Db } from '../../server/platform/database/database.ts'

/** A person with an account and a session. `id` is also the id of a patient's file or a doctor's calendar. */
export type Person = { id: string; token: string; email: string; password: string; fullName: string }

export type PersonOverrides = { email?: string; fullName?: string; phone?: string; status?: AccountStatus }
export type DoctorOverrides = PersonOverrides & { specialty?: string; timeZone?: string }

/** The parts of a node that the builders need; `useNode()` has them. */
type Clinic = { readonly db: Db; readonly config: Config }

const password = 'a password for tests'
let sharedHash: Promise<string> | undefined

/** Opens a session directly in the database, like a sign-in, and returns its access token. */
export const aSession = async ({ db, config }: Clinic, { id, role }: { id: string; role: Role }): Promise<string> => {
	const sessionId = randomUUID()
	await db('refresh_tokens').insert({
		user_id: id,
		family_id: sessionId,
		token_hash: randomBytes(32),
		expires_at: new Date(Date.now() + 86_400_000),
	})
	return createAccessTokens(config.jwtSecret).sign({ userId: id, role, sessionId })
}

const aPerson = async (clinic: Clinic, role: Role, overrides: PersonOverrides): Promise<Person> => {
	sharedHash ??= hashPassword(password)
	const mark = randomBytes(4).toString('hex')
	const { email = `${role}-${mark}@example.com`, fullName = `${role} ${mark}`, phone, status = 'active' } = overrides
	const account = { email, password_hash: await sharedHash, full_name: fullName, phone, role, status }
	const [row] = await clinic.db('users').insert(account).returning('id')
	const id = String(row.id)
	return { id, token: await aSession(clinic, { id, role }), email, password, fullName }
}

/** A patient with an account and a file. */
export const aPatient = async (clinic: Clinic, overrides: PersonOverrides = {}): Promise<Person> => {
	const person = await aPerson(clinic, 'patient', overrides)
	const { id, fullName, email } = person
	await clinic.db('patients').insert({ id, user_id: id, full_name: fullName, phone: overrides.phone, email })
	return person
}

/** A doctor, approved unless `status` says otherwise, without a schedule. */
export const aDoctor = async (clinic: Clinic, { specialty, timeZone, ...overrides }: DoctorOverrides = {}): Promise<Person> => {
	const person = await aPerson(clinic, 'doctor', overrides)
	await clinic.db('doctors').insert({ id: person.id, specialty: specialty ?? 'General practice', time_zone: timeZone ?? 'UTC' })
	return person
}

export const aReceptionist = (clinic: Clinic, overrides: PersonOverrides = {}): Promise<Person> =>
	aPerson(clinic, 'receptionist', overrides)

export const anAdmin = (clinic: Clinic, overrides: PersonOverrides = {}): Promise<Person> => aPerson(clinic, 'admin', overrides)
