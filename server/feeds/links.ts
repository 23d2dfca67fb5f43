import { type CalendarLink, calendarLinkEndpoints as endpoints } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { digestSecret, newSecret } from '../identity/secrets.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { recordAudit } from '../platform/security/audit.ts'

export type LinkDeps = { db: Db; publicUrl: () => string }

/** The owner's calls for the secret address of their feed. Only its digest is stored. */
export function linkRoutes({ db, publicUrl }: LinkDeps): Route[] {
	return [
		route(endpoints.getCalendarLink, async (_input, { userId }) => {
			const row: Row | undefined = await db('calendar_links').where({ user_id: userId }).first()
			return { link: row ? toLink(row) : null }
		}),
		route(endpoints.createCalendarLink, async ({ body, origin }, actor) => {
			const token = newSecret()
			const link = await replace(db, { actor, origin }, token, body.names)
			return { ...link, url: `${publicUrl()}/calendars/${token}.ics` }
		}),
		route(endpoints.removeCalendarLink, async ({ origin }, actor) => {
			await inTransaction(db, async trx => {
				const removed = await trx('calendar_links').where({ user_id: actor.userId }).delete()
				if (removed) await recordAudit(trx, { ...about(actor), actor, origin, action: 'revoked' })
			})
		}),
	]
}

function replace(db: Db, by: { actor: Actor; origin: Origin }, token: string, names: boolean): Promise<CalendarLink> {
	const { userId } = by.actor
	return inTransaction(db, async trx => {
		const fields = { token_hash: digestSecret(token), names, created_at: trx.fn.now(), read_at: null }
		const [row] = await trx('calendar_links')
			.insert({ user_id: userId, ...fields })
			.onConflict('user_id')
			.merge(fields)
			.returning('*')
		await recordAudit(trx, { ...about(by.actor), ...by, action: 'created', details: { names } })
		return toLink(row)
	})
}

const about = ({ userId }: Actor) => ({ entity: 'calendar_link', entityId: userId })

type Row = { names: boolean; created_at: Date; read_at: Date | null }

function toLink({ names, created_at, read_at }: Row): CalendarLink {
	return { names, createdAt: created_at.toISOString(), ...(read_at && { lastReadAt: read_at.toISOString() }) }
}
