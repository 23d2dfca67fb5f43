import { createHash, randomBytes, randomInt } from 'node:crypto'
import type { PairedScreen, Screen, ScreenKind } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { networkOf } from '../platform/security/client-address.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import type { RoomWatchers } from './watchers.ts'

/**
 * Wall screens and kiosks, which have no account. An admin gets a code, which a screen exchanges once for a token; both are stored as
 * digests. A token lets a wall watch its site and a kiosk check in, and nothing else, until it is revoked.
 */
export function createScreens({ db, io, limiter, watchers, log }: ScreensDeps) {
	const guesses = limiter({ name: 'screen-codes', points: 10, perSeconds: 900 })
	const allGuesses = limiter({ name: 'screen-codes-all', points: 300, perSeconds: 900 })
	// A revocation reaches the sockets of a screen through Redis. This finds them where Redis was away.
	const watch = setInterval(() => void cutRevoked(), cutEveryMs)
	watch.unref()

	return {
		async list(): Promise<Screen[]> {
			const rows = await db('screens')
				.whereNull('revoked_at')
				.where(open => open.whereNotNull('paired_at').orWhere('code_expires_at', '>', db.fn.now()))
				.orderBy('id', 'desc')
				.limit(mostScreens)
			return rows.map(toScreen)
		},

		/** @throws Refusal not_found, rate_limited when the clinic has as many as it may have */
		async add(actor: Actor, { siteId, kind }: { siteId: string; kind: ScreenKind }, origin: Origin): Promise<Screen> {
			const code = newCode()
			return await inTransaction(db, async trx => {
				const site = isDatabaseId(siteId) ? await trx('sites').where({ id: siteId, archived_at: null }).forShare().first('id') : undefined
				if (!site) throw new Refusal('not_found')
				const [{ count }] = (await trx('screens').whereNull('revoked_at').count()) as [{ count: string }]
				if (Number(count) >= mostScreens) await trx('screens').whereNull('paired_at').where('code_expires_at', '<', trx.fn.now()).delete()
				const [row] = await trx('screens')
					.insert({
						site_id: siteId,
						kind,
						code_hash: digest(code),
						code_expires_at: trx.raw('now() + make_interval(secs => ?)', [codeSeconds]),
						created_by: actor.userId,
					})
					.returning('*')
				await recordAudit(trx, { actor, origin, action: 'added', entity: 'screen', entityId: row.id, details: { siteId, kind } })
				return { ...toScreen(row), code: `${code.slice(0, 4)}-${code.slice(4)}` }
			})
		},

		/** @throws Refusal not_found for a code that is wrong, used or expired; rate_limited after a few of them */
		async pair(code: string, origin: Origin): Promise<PairedScreen> {
			await Promise.all([guesses.consume(networkOf(origin.ip)), allGuesses.consume('all')])
			const token = randomBytes(32).toString('base64url')
			const [row] = await db('screens')
				.where({ code_hash: digest(normal(code)), paired_at: null, revoked_at: null })
				.where('code_expires_at', '>', db.fn.now())
				.update({ code_hash: null, token_hash: digest(token), paired_at: db.fn.now() })
				.returning(['id', 'site_id', 'kind', 'created_by'])
			if (!row) throw new Refusal('not_found')
			const actor = { userId: row.created_by }
			await recordAudit(db, { actor, origin, action: 'paired', entity: 'screen', entityId: row.id, details: { kind: row.kind } })
			const site = await db('sites').where({ id: row.site_id }).first('name')
			const clinic = await db('clinic').first('name', 'locale')
			return { token, kind: row.kind, siteId: row.site_id, siteName: site.name, clinicName: clinic.name, locale: clinic.locale }
		},

		/** @throws Refusal not_found */
		async revoke(actor: Actor, id: string, origin: Origin): Promise<void> {
			await inTransaction(db, async trx => {
				const revoked = isDatabaseId(id)
					? await trx('screens').where({ id, revoked_at: null }).update({ revoked_at: trx.fn.now(), code_hash: null, token_hash: null })
					: 0
				if (revoked === 0) throw new Refusal('not_found')
				await recordAudit(trx, { actor, origin, action: 'revoked', entity: 'screen', entityId: id })
			})
			io.in(roomOfScreen(id)).disconnectSockets(true)
		},

		/** The screen of a token. @throws Refusal unauthenticated */
		async identify(token: string, kind: ScreenKind): Promise<{ id: string; siteId: string }> {
			const row = await db('screens')
				.where({ token_hash: digest(token), kind, revoked_at: null })
				.first<{ id: string; site_id: string } | undefined>('id', 'site_id')
			if (!row) throw new Refusal('unauthenticated')
			return { id: row.id, siteId: row.site_id }
		},

		stop: () => clearInterval(watch),
	}

	async function cutRevoked(): Promise<void> {
		const screens = watchers.screens()
		if (screens.size === 0) return
		try {
			const valid: string[] = await db('screens')
				.whereIn('id', [...screens.keys()])
				.whereNull('revoked_at')
				.pluck('id')
			for (const [id, sockets] of screens) if (!valid.includes(id)) for (const socket of sockets) socket.disconnect(true)
		} catch (error) {
			log.debug({ reason: (error as Error).message }, 'screens could not be read')
		}
	}
}

export type Screens = ReturnType<typeof createScreens>

export type ScreensDeps = {
	db: Db
	io: LiveServer
	limiter: CreateLimiter
	watchers: Pick<RoomWatchers, 'screens'>
	log: Log
}

/** The sockets of a screen, on every node. */
export function roomOfScreen(id: string): string {
	return `screen:${id}`
}

const codeSeconds = 900
const mostScreens = 200
const cutEveryMs = 2000

/** Letters and digits that are not mistaken for each other: 31 of them, 8 times, are 39 bits. With ten guesses in a quarter of an hour that is enough. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

function newCode(): string {
	return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join('')
}

function normal(code: string): string {
	return code.toUpperCase().replace(/[^0-9A-Z]/g, '')
}

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64url')

type Row = { id: string; site_id: string; kind: ScreenKind; created_at: Date; paired_at: Date | null; code_expires_at: Date }

function toScreen({ id, site_id, kind, created_at, paired_at, code_expires_at }: Row): Screen {
	return {
		id,
		siteId: site_id,
		kind,
		createdAt: created_at.toISOString(),
		...(paired_at ? { pairedAt: paired_at.toISOString() } : { codeExpiresAt: code_expires_at.toISOString() }),
	}
}
