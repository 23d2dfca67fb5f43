import { call } from '../support/http.ts'
import type { Person } from '../support/people.ts'
import { codeAt } from '../support/totp.ts'
import { post, signInAs } from './front-desk.ts'

type Node = { url: string; nowMs: () => number; pass: (seconds: number) => void }

export type Enrolled = { secret: string; recoveryCodes: string[] }

/** Sets up a second factor for an account. Uses the first code up, and lets time pass, so that the next code is unused. */
export const enrol = async (node: Node, { token, password }: Person): Promise<Enrolled> => {
	const begun = await post(node, '/me/second-factor', { currentPassword: password }, { token })
	const { secret } = begun.body
	const confirmed = await post(node, '/me/second-factor/confirm', { code: codeAt(secret, node.nowMs()) }, { token })
	if (confirmed.status !== 200) throw new Error(`not enrolled: ${JSON.stringify([begun.body, confirmed.body])}`)
	node.pass(60)
	return { secret, recoveryCodes: confirmed.body.recoveryCodes }
}

export const factorOf = async (node: { url: string }, token: string) => (await call(node, 'GET', '/me/second-factor', { token })).body

/** The first step of signing in, with the password. */
export const aChallenge = async (node: { url: string }, person: Person): Promise<string> => {
	const { status, body } = await signInAs(node, person)
	if (status !== 200 || !body.challenge) throw new Error(`not challenged: ${JSON.stringify(body)}`)
	return body.challenge
}

/** The second step of signing in, with a code. */
export const answer = (node: { url: string }, challenge: string, code: string) => post(node, '/auth/second-factor', { challenge, code })
