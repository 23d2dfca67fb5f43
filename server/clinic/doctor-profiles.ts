import { type Doctor, type DoctorChanges, doctorEndpoints as endpoints, type Page } from '../../contract/index.ts'
import { type Actor, isStaff, type Origin } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, inTransaction } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { containing, given, withoutUndefined } from './fields.ts'
import { type Picture, readPicture, showPicture } from './pictures.ts'

/** Doctors as patients choose them. */
export function doctorRoutes(db: Db): Route[] {
	return [
		publicRoute(endpoints.listDoctors, ({ query }) => listDoctors(db, query)),

		publicRoute(endpoints.getDoctor, ({ params }, actor) => readDoctor(db, params.id, mayPrepare(actor, params.id))),

		route(endpoints.updateDoctor, ({ params, body, origin }, actor) => updateDoctor(db, actor, params.id, body, origin)),

		publicRoute(endpoints.getPhoto, async ({ params, query, res }, actor) => {
			await readDoctor(db, params.id, mayPrepare(actor, params.id))
			const row = await db('doctors').where({ id: params.id }).first('photo as bytes', 'photo_type as type', 'photo_version as version')
			return showPicture(res, row?.bytes ? (row as Picture) : undefined, query.v)
		}),

		route(endpoints.putPhoto, async ({ params, file, origin }, actor) => {
			refuseStrangers(actor, params.id)
			await replacePhoto(db, actor, params.id, readPicture(file), origin)
		}),

		route(endpoints.removePhoto, async ({ params, origin }, actor) => {
			refuseStrangers(actor, params.id)
			await replacePhoto(db, actor, params.id, undefined, origin)
		}),
	]
}

/** Staff, and the doctor, may plan the calendar, so they see a doctor before the approval too. */
const mayPrepare = (actor: Actor | null, doctorId: string) => isStaff(actor) || actor?.userId === doctorId

function refuseStrangers(actor: Actor, doctorId: string) {
	if (actor.role !== 'admin' && actor.userId !== doctorId) throw new Refusal('forbidden')
}

type DoctorQuery = {
	q?: string | undefined
	specialty?: string | undefined
	siteId?: string | undefined
	ids?: string[] | undefined
	cursor?: string | undefined
	limit: number
}

/** Lists active doctors by name. @throws Refusal invalid_input for a broken cursor, or a text that PostgreSQL cannot search for */
export async function listDoctors(db: Db, { q, specialty, siteId, ids, cursor, limit }: DoctorQuery): Promise<Page<Doctor>> {
	refuseNul('specialty', specialty)
	if (siteId !== undefined && !isDatabaseId(siteId)) return { items: [], nextCursor: null }
	const query = doctors(db)
		.where('u.status', 'active')
		.orderBy(['u.full_name', 'u.id'])
		.limit(limit + 1)
	if (q) query.where(either => either.whereILike('u.full_name', containing(q)).orWhereILike('d.specialty', containing(q)))
	if (specialty) query.whereRaw('lower(d.specialty) = lower(?)', [specialty])
	if (ids) query.whereIn('u.id', ids.filter(isDatabaseId))
	if (siteId !== undefined) query.whereRaw(worksAt, { siteId })
	if (cursor) {
		const [name = '', id = ''] = decodeCursor(cursor, 2)
		refuseNul('cursor', name)
		if (!isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw('(u.full_name, u.id) > (?, ?::bigint)', [name, id])
	}
	return toPage<Row, Doctor>(await query, limit, toDoctor, row => [row.full_name, row.id])
}

/** PostgreSQL's text type holds every character except NUL. */
function refuseNul(path: string, text: string | undefined) {
	if (text?.includes('\0')) throw invalidInput(path, 'must not contain control characters')
}

/** The same as in `sitesOfDoctor`, of one site. */
const worksAt = `EXISTS (
	SELECT FROM sites s
	WHERE s.id = :siteId::bigint AND s.archived_at IS NULL AND (
		EXISTS (
			SELECT FROM schedule_plans p
			WHERE p.doctor_id = d.id AND p.site_id = s.id AND (p.valid_until IS NULL OR p.valid_until >= (now() AT TIME ZONE s.time_zone)::date)
		) OR EXISTS (
			SELECT FROM dated_hours h
			WHERE h.doctor_id = d.id AND h.day >= (now() AT TIME ZONE s.time_zone)::date
				AND h.ranges @> jsonb_build_array(jsonb_build_object('site_id', s.id::text))
		)
	)
)`

/** Where a doctor receives patients, from the plans that are not over and from the hours of single days. */
const sitesOfDoctor = `ARRAY(
	SELECT s.id::text FROM sites s
	WHERE s.archived_at IS NULL AND (
		EXISTS (
			SELECT FROM schedule_plans p
			WHERE p.doctor_id = d.id AND p.site_id = s.id AND (p.valid_until IS NULL OR p.valid_until >= (now() AT TIME ZONE s.time_zone)::date)
		) OR EXISTS (
			SELECT FROM dated_hours h
			WHERE h.doctor_id = d.id AND h.day >= (now() AT TIME ZONE s.time_zone)::date
				AND h.ranges @> jsonb_build_array(jsonb_build_object('site_id', s.id::text))
		)
	)
	ORDER BY s.id
)`

function doctors(db: DbOrTx) {
	return db('doctors as d')
		.join('users as u', 'u.id', 'd.id')
		.where('u.role', 'doctor')
		.select('d.id', 'u.full_name', 'd.specialty', 'd.time_zone', 'd.title', 'd.bio', 'd.languages', 'd.photo_version', 'd.specialty_code')
		.select(db.raw(`${sitesOfDoctor} AS site_ids`))
}

type Row = {
	id: string
	full_name: string
	specialty: string
	time_zone: string
	title: string | null
	bio: string | null
	languages: string[] | null
	photo_version: string | null
	specialty_code: string | null
	site_ids: string[]
}

const toDoctor = (row: Row): Doctor => ({
	id: row.id,
	fullName: row.full_name,
	specialty: row.specialty,
	timeZone: row.time_zone,
	...given({
		title: row.title,
		bio: row.bio,
		languages: row.languages,
		photoUrl: row.photo_version && `/api/v1/doctors/${row.id}/photo?v=${row.photo_version}`,
	}),
	siteIds: row.site_ids,
	...given({ specialtyCode: row.specialty_code }),
})

/** @throws Refusal not_found, also for one who takes no appointments, unless the caller may see that one */
async function readDoctor(db: DbOrTx, id: string, withInactive: boolean): Promise<Doctor> {
	const row: Row | undefined = isDatabaseId(id)
		? await doctors(db)
				.where('d.id', id)
				.where(query => void (withInactive || query.where('u.status', 'active')))
				.first()
		: undefined
	if (!row) throw new Refusal('not_found')
	return toDoctor(row)
}

/** @throws Refusal not_found; forbidden for another doctor's profile, and for a doctor's specialty */
async function updateDoctor(db: Db, actor: Actor, id: string, changes: DoctorChanges, origin: Origin): Promise<Doctor> {
	refuseStrangers(actor, id)
	const { specialtyCode, ...same } = changes
	if (actor.role !== 'admin' && (changes.specialty !== undefined || specialtyCode !== undefined))
		throw new Refusal('forbidden', { message: 'An admin has to change the specialty' })
	return await inTransaction(db, async trx => {
		const before = await readDoctor(trx, id, true)
		const fields = withoutUndefined({ ...same, specialty_code: specialtyCode })
		if (Object.keys(fields).length === 0) return before
		await trx('doctors').where({ id }).update(fields)
		await recordAudit(trx, { actor, origin, action: 'updated', entity: 'doctor', entityId: id, details: { fields: Object.keys(changes) } })
		return await readDoctor(trx, id, true)
	})
}

function replacePhoto(db: Db, actor: Actor, id: string, photo: Picture | undefined, origin: Origin): Promise<void> {
	return inTransaction(db, async trx => {
		await readDoctor(trx, id, true)
		const { bytes = null, type = null, version = null } = photo ?? {}
		await trx('doctors').where({ id }).update({ photo: bytes, photo_type: type, photo_version: version })
		await recordAudit(trx, { actor, origin, action: photo ? 'replaced_photo' : 'removed_photo', entity: 'doctor', entityId: id })
	})
}
