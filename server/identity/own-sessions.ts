import { isIP } from 'node:net'
import Bowser from 'bowser'
import { z } from 'zod'
import type { OwnSession } from '../../contract/index.ts'
import { decodeCursor } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { lockAccount } from './accounts.ts'
import type { Actor, Origin } from './actor.ts'
import type { CutOff } from './sessions.ts'
import { endSessions, type WhichSessions } from './sessions.ts'

export type SessionRow = { tokenId: string; id: string; startedAt: Date; lastUsedAt: Date; ip: string | null; userAgent: string | null }

/** Lists sessions, the last used first. Reads one row more than `limit`, which shows whether there is a next page. */
export async function listSessions(
	db: Db,
	{ userId }: Actor,
	{ cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<SessionRow[]> {
	const sessions = running(db, userId)
		.select({
			tokenId: 'id',
			id: 'family_id',
			startedAt: 'session_started_at',
			lastUsedAt: 'created_at',
			ip: 'ip',
			userAgent: 'user_agent',
		})
		.orderBy('refresh_tokens.id', 'desc')
		.limit(limit + 1)
	if (cursor !== undefined) {
		const [beforeId = ''] = decodeCursor(cursor, 1)
		if (!isDatabaseId(beforeId)) throw invalidInput('cursor', 'is not one that this server gave out')
		sessions.where('id', '<', beforeId)
	}
	return await sessions
}

export function toOwnSession({ id, startedAt, lastUsedAt, ip, userAgent }: SessionRow, { sessionId }: Actor): OwnSession {
	const device = userAgent ? Bowser.parse(userAgent) : undefined
	return {
		id,
		startedAt: startedAt.toISOString(),
		lastUsedAt: lastUsedAt.toISOString(),
		address: ip && shortAddress(ip),
		browser: device?.browser.name || null,
		system: device?.os.name || null,
		current: id === sessionId,
	}
}

export type OwnSessionDeps = { db: Db; cutOff: CutOff }

/** @throws Refusal not_found for a session that has ended or belongs to another account */
export async function endOwnSession(deps: OwnSessionDeps, actor: Actor, id: string, origin: Origin): Promise<void> {
	const isKnown = z.uuid().safeParse(id).success && (await end(deps, actor, origin, { only: id })) > 0
	if (!isKnown) throw new Refusal('not_found')
}

export async function endOtherSessions(deps: OwnSessionDeps, actor: Actor, origin: Origin): Promise<{ ended: number }> {
	return {
		ended: await end(deps, actor, origin, { except: actor.sessionId }),
	}
}

/** Shortens an address to its network: enough to recognise one's own sessions, too little to locate a colleague's home. */
export function shortAddress(ip: string): string | null {
	const v4 = /(?:^|:)(\d+\.\d+\.\d+)\.\d+$/.exec(ip)?.[1]
	if (v4) return `${v4}.x`
	if (isIP(ip) !== 6) return null
	const [before] = ip.split('::')
	// Only this machine's own address starts with `::`.
	if (!before) return ip
	return `${before.split(':').slice(0, 4).join(':')}::x`
}

/** The newest token of each open session, which is the unused one. */
function running(db: DbOrTx, userId: string) {
	return db('refresh_tokens').where({ user_id: userId, used_at: null, revoked_at: null }).whereRaw('expires_at > now()')
}

/** Ends open sessions, with their access tokens and sockets, and returns how many there were. */
async function end({ db, cutOff }: OwnSessionDeps, actor: Actor, origin: Origin, which: WhichSessions): Promise<number> {
	const { userId } = actor
	const ended = await inTransaction(db, async trx => {
		await lockAccount(trx, userId)
		const sessions = await meant(trx).select('family_id')
		await endSessions(trx, userId, which)
		const details = { sessions: sessions.length }
		if (sessions.length > 0) await recordAudit(trx, { actor, origin, action: 'sessions_ended', entity: 'user', entityId: userId, details })
		return sessions.length
	})
	// Only then: a session that was named may belong to another account.
	if (ended > 0) cutOff(userId, which)

	return ended

	function meant(trx: Tx) {
		const sessions = running(trx, userId)
		return which.only ? sessions.where({ family_id: which.only }) : sessions.whereNot({ family_id: which.except })
	}
}
