import { type Doctor, type DoctorChanges, type DoctorChoices, doctorEndpoints as endpoints, type Page } from '../../contract/index.ts'
import { type Specialty, specialtiesMeant, specialtyOf, spellingsOf, withoutAccents } from '../../contract/specialties.ts'
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

		publicRoute(endpoints.listDoctorChoices, () => listChoices(db)),

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
	language?: string | undefined
	sort: 'name' | 'soonest'
	cursor?: string | undefined
	limit: number
}

/** Lists active doctors. @throws Refusal invalid_input for a broken cursor, or a text that PostgreSQL cannot search for */
export async function listDoctors(
	db: Db,
	{ q, specialty, siteId, ids, language, sort, cursor, limit }: DoctorQuery,
): Promise<Page<Doctor>> {
	refuseNul('q', q)
	refuseNul('specialty', specialty)
	if (siteId !== undefined && !isDatabaseId(siteId)) return { items: [], nextCursor: null }
	const query = doctors(db)
		.where('u.status', 'active')
		.limit(limit + 1)
	if (q)
		query.whereRaw(`(${plain('u.full_name')} LIKE ? OR ${plain('d.specialty')} LIKE ? OR ${ofSpecialties})`, asked(q, specialtiesMeant(q)))
	if (specialty) {
		const named = specialtyOf(specialty)
		query.whereRaw(`(lower(d.specialty) = lower(?) OR ${ofSpecialties})`, [specialty, ...spelt(named ? [named] : [])])
	}
	if (ids) query.whereIn('u.id', ids.filter(isDatabaseId))
	if (siteId !== undefined) query.whereRaw(worksAt, { siteId })
	if (language) query.whereRaw(speaking, [language, `${language}-%`])
	const places = [...(sort === 'soonest' ? [soonest] : []), 'u.full_name', 'd.id::text']
	query.orderByRaw(places.join(', '))
	if (sort === 'soonest') query.select(db.raw(`${soonest} AS soonest`))
	if (cursor) {
		const after = decodeCursor(cursor, places.length)
		for (const part of after) refuseNul('cursor', part)
		if (!isDatabaseId(after.at(-1) ?? '')) throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw(`(${places.join(', ')}) > (${places.map(() => '?').join(', ')})`, after)
	}
	return toPage<Row, Doctor>(await query, limit, toDoctor, row => [
		...(sort === 'soonest' ? [row.soonest ?? ''] : []),
		row.full_name,
		row.id,
	])
}

const asked = (q: string, meant: readonly Specialty[]) => [containing(withoutAccents(q)), containing(withoutAccents(q)), ...spelt(meant)]

const spelt = (meant: readonly Specialty[]): [codes: string[], spellings: string[]] => [meant.map(({ code }) => code), spellingsOf(meant)]

const ofSpecialties = '(d.specialty_code = ANY (?::text[]) OR lower(d.specialty) = ANY (?::text[]))'

/** A language stands for all its regions: who asks for Portuguese is understood by who speaks that of Brazil. */
const speaking = 'EXISTS (SELECT FROM unnest(d.languages) AS spoken WHERE spoken = ? OR spoken LIKE ?)'

/** Without accents and capitals, as `withoutAccents` has it. */
const plain = (column: string) => `lower(regexp_replace(normalize(${column}, NFKD), '[\u0300-\u036f\u064b-\u0655]', '', 'g'))`

/** As text, which sorts as the moments do; doctors without free times come last. */
const soonest = `coalesce((
	SELECT to_char(s.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
	FROM appointment_slots s
	WHERE s.doctor_id = d.id AND s.starts_at > now() AND s.appointment_id IS NULL AND s.offer_id IS NULL AND NOT s.is_blocked
	ORDER BY s.starts_at
	LIMIT 1
), '~')`

async function listChoices(db: Db): Promise<DoctorChoices> {
	const rows: { specialty: string; languages: string[] | null }[] = await db('doctors as d')
		.join('users as u', 'u.id', 'd.id')
		.where({ 'u.role': 'doctor', 'u.status': 'active' })
		.select('d.specialty', 'd.languages')
	const specialties = [...new Set(rows.map(({ specialty }) => specialty))].sort()
	const languages = new Set(rows.flatMap(row => (row.languages ?? []).map(tag => tag.split('-')[0] as string)))
	return {
		specialties: specialties.map(specialty => ({ specialty, ...given({ specialtyNames: specialtyOf(specialty)?.names }) })),
		languages: [...languages].sort(),
	}
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
	soonest?: string
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
	...given({
		specialtyCode: row.specialty_code ?? specialtyOf(row.specialty)?.code,
		specialtyNames: specialtyOf(row.specialty)?.names,
	}),
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
		// Another specialty brings its own code, unless one is given.
		const fields = withoutUndefined({ ...same, specialty_code: specialtyCode ?? (changes.specialty === undefined ? specialtyCode : null) })
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
