import { clinicEndpoints as endpoints, type Page, type Site, type SiteChanges, type SiteInput } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { checkTimeZone } from '../platform/database/time-zones.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { containing, given, withoutUndefined } from './fields.ts'
import { refuseInUse } from './to-come.ts'

/** Places where the clinic receives patients. They are archived, never removed: visits of the past were there. */
export function siteRoutes(db: Db, followSite: FollowSite): Route[] {
	return [
		publicRoute(endpoints.listSites, ({ query }) => listSites(db, query)),
		route(endpoints.createSite, ({ body, origin }, actor) => createSite(db, actor, body, origin)),
		route(endpoints.updateSite, ({ params, body, origin }, actor) => updateSite({ db, followSite }, actor, params.id, body, origin)),
	]
}

/** Brings slots in line with a site whose zone has changed, or that was archived or opened again. */
export type FollowSite = (trx: Tx, siteId: string) => Promise<void>

type SiteQuery = { q?: string | undefined; archived?: 'true' | 'false' | undefined; cursor?: string | undefined; limit: number }

export async function listSites(db: Db, { q, archived, cursor, limit }: SiteQuery): Promise<Page<Site>> {
	const query = db('sites')
		.select(columns)
		.orderBy(['name', 'id'])
		.limit(limit + 1)
	if (archived !== 'true') query.whereNull('archived_at')
	if (q) query.where(either => either.whereILike('name', containing(q)).orWhereRaw("address ->> 'city' ILIKE ?", [containing(q)]))
	if (cursor !== undefined) {
		const [name = '', id = ''] = decodeCursor(cursor, 2)
		if (!isDatabaseId(id) || name.includes('\0')) throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw('(name, id) > (?, ?::bigint)', [name, id])
	}
	return toPage(await query, limit, toSite, ({ name, id }) => [name, id])
}

const columns = ['id', 'name', 'address', 'phone', 'time_zone', 'directions', 'archived_at']

type Row = {
	id: string
	name: string
	address: Site['address'] | null
	phone: string | null
	time_zone: string
	directions: string | null
	archived_at: Date | null
}

const toSite = ({ id, name, address, phone, time_zone: timeZone, directions, archived_at }: Row): Site => ({
	id,
	name,
	...given({ address, phone }),
	timeZone,
	...given({ directions }),
	archived: archived_at !== null,
})

async function createSite(db: Db, actor: Actor, input: SiteInput, origin: Origin): Promise<Site> {
	await checkTimeZone(db, input.timeZone)
	return await inTransaction(db, async trx => {
		const [row]: Row[] = await trx('sites')
			.insert({ ...rowOf(input), updated_at: trx.fn.now() })
			.returning(columns)
		const site = toSite(row as Row)
		await recordAudit(trx, { actor, origin, action: 'created', entity: 'site', entityId: site.id, details: { timeZone: site.timeZone } })
		return site
	})
}

/** @throws Refusal not_found; in_use when appointments to come are there and it is to be archived, or to have other hours */
async function updateSite(
	{ db, followSite }: { db: Db; followSite: FollowSite },
	actor: Actor,
	id: string,
	changes: SiteChanges,
	origin: Origin,
): Promise<Site> {
	if (changes.timeZone !== undefined) await checkTimeZone(db, changes.timeZone)
	return await inTransaction(db, async trx => {
		const before = await lockSite(trx, id)
		const fields = withoutUndefined(changes)
		if (Object.keys(fields).length === 0) return toSite(before)
		const goes = changes.archived === true && before.archived_at === null
		const moves = changes.timeZone !== undefined && changes.timeZone !== before.time_zone
		if (goes || moves) await refuseInUse(trx, { siteId: id })
		const [row]: Row[] = await trx('sites')
			.where({ id })
			.update({
				...withoutUndefined(rowOf(changes)),
				...(changes.archived !== undefined && { archived_at: changes.archived ? (before.archived_at ?? trx.fn.now()) : null }),
				updated_at: trx.fn.now(),
			})
			.returning(columns)
		const comesBack = changes.archived === false && before.archived_at !== null
		if (goes || moves || comesBack) await followSite(trx, id)
		const { timeZone, archived } = changes
		const details = { fields: Object.keys(fields), ...withoutUndefined({ timeZone, archived }) }
		await recordAudit(trx, { actor, origin, action: 'updated', entity: 'site', entityId: id, details })
		return toSite(row as Row)
	})
}

async function lockSite(trx: DbOrTx, id: string): Promise<Row> {
	const row: Row | undefined = isDatabaseId(id) ? await trx('sites').where({ id }).forUpdate().first(columns) : undefined
	if (!row) throw new Refusal('not_found')
	return row
}

const rowOf = ({ name, address, phone, timeZone, directions }: SiteChanges) => ({
	name,
	address: address && JSON.stringify(address),
	phone,
	time_zone: timeZone,
	directions,
})
