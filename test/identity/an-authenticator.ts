import { createHmac } from 'node:crypto'
import { call } from '../support/http.ts'
import type { Person } from '../support/people.ts'
import { post, signInAs } from './front-desk.ts'

type Node = { url: string; nowMs: () => number; pass: (seconds: number) => void }

const bytesOf = (base32: string): Buffer => {
	const bits = [...base32].map(letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
	return Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)))
}

/** A code as RFC 4226 §5.3 makes it, by hand: so that the server is not compared with the library that it uses. */
export const codeAt = (secret: string, atMs: number): string => {
	const counter = Buffer.alloc(8)
	counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)))
	const mac = createHmac('sha1', bytesOf(secret)).update(counter).digest()
	const offset = (mac.at(-1) ?? 0) & 15
	return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export const aWrongCode = (secret: string, atMs: number): string => {
	const right = [-30_000, 0, 30_000].map(offMs => codeAt(secret, atMs + offMs))
	return ['000000', '111111', '222222', '333333'].find(code => !right.includes(code)) as string
}

export type Enrolled = { secret: string; recoveryCodes: string[] }

/** Sets a second factor up for someone. The first code is used up; time passes, so that the present one is not. */
export const enrol = async (node: Node, { token, password }: Person): Promise<Enrolled> => {
	const begun = await post(node, '/me/second-factor', { currentPassword: password }, { token })
	const { secret } = begun.body
	const confirmed = await post(node, '/me/second-factor/confirm', { code: codeAt(secret, node.nowMs()) }, { token })
	if (confirmed.status !== 200) throw new Error(`not enrolled: ${JSON.stringify([begun.body, confirmed.body])}`)
	node.pass(60)
	return { secret, recoveryCodes: confirmed.body.recoveryCodes }
}

export const factorOf = async (node: { url: string }, token: string) => (await call(node, 'GET', '/me/second-factor', { token })).body

/** The first step: the password. */
export const aChallenge = async (node: { url: string }, person: Person): Promise<string> => {
	const { status, body } = await signInAs(node, person)
	if (status !== 200 || !body.challenge) throw new Error(`not challenged: ${JSON.stringify(body)}`)
	return body.challenge
}

/** The second step. */
export const answer = (node: { url: string }, challenge: string, code: string) => post(node, '/auth/second-factor', { challenge, code })
