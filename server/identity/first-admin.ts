import { createHmac, timingSafeEqual } from 'node:crypto'
import type { z } from 'zod'
import type { identityEndpoints } from '../../contract/index.ts'
import { type Db, type DbOrTx, inTransaction } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { derivedKey } from '../platform/security/derived-key.ts'
import { insertAccount } from './accounts.ts'
import { hashPassword } from './secrets.ts'
import { type Client, openSession, type SignedIn } from './sessions.ts'

const lifetimeMs = 3_600_000

/**
 * The token of the link that a server without an admin prints at its start. It is signed and not stored: it works on every node
 * until it expires, and for one person, since then there is an admin.
 */
export function firstAdminToken(serverSecret: string, nowMs: number): string {
	const expires = (nowMs + lifetimeMs).toString(36)
	return `${expires}.${signatureOf(serverSecret, expires)}`
}

export async function hasAdmin(db: DbOrTx): Promise<boolean> {
	return (await db('users').where({ role: 'admin' }).first('id')) !== undefined
}

export type FirstAdmin = z.output<typeof identityEndpoints.createFirstAdmin.body>

/** Opens the first admin's account and session. @throws Refusal token_expired, also once there is an admin; email_taken */
export async function createFirstAdmin(
	{ db, serverSecret, nowMs }: { db: Db; serverSecret: string; nowMs: number },
	{ token, email, password, fullName }: FirstAdmin,
	client: Client,
): Promise<SignedIn> {
	// Before the password is hashed, which is expensive.
	if (!isValid(serverSecret, token, nowMs) || (await hasAdmin(db))) throw new Refusal('token_expired')
	const passwordHash = await hashPassword(password)
	return await inTransaction(db, async trx => {
		// Of two who use the link at the same moment, the second finds an admin.
		await trx.raw(`SELECT pg_advisory_xact_lock(hashtextextended('liveslot first admin', 0))`)
		if (await hasAdmin(trx)) throw new Refusal('token_expired')
		const account = await insertAccount(trx, { email, passwordHash, fullName, phone: null, role: 'admin', status: 'active' })
		const session = await openSession(trx, account.id, client)
		await recordAudit(trx, {
			actor: { userId: account.id },
			origin: client.origin,
			action: 'registered',
			entity: 'user',
			entityId: account.id,
			details: { role: 'admin' },
		})
		return { account, session }
	})
}

function isValid(serverSecret: string, token: string, nowMs: number): boolean {
	const [expires = '', signature = ''] = token.split('.')
	const given = Buffer.from(signature)
	const right = Buffer.from(signatureOf(serverSecret, expires))
	return given.length === right.length && timingSafeEqual(given, right) && Number.parseInt(expires, 36) > nowMs
}

const signatureOf = (serverSecret: string, expires: string) =>
	createHmac('sha256', derivedKey(serverSecret, 'first admin')).update(expires).digest('base64url')
