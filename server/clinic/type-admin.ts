import {
	type AppointmentType,
	type AppointmentTypeChanges,
	type AppointmentTypeInput,
	clinicEndpoints as endpoints,
} from '../../contract/index.ts'
import { type Actor, isStaff, type Origin } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, inTransaction, type Tx, violatedConstraint } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { containing, given, withoutUndefined } from './fields.ts'
import { refuseInUse } from './to-come.ts'

export type TypeRouteDeps = {
	db: Db
	/** This node booked by what the types were. */
	changed: () => void
}

/** Kinds of appointment, as patients choose them and admins set them up. They are archived, never removed: past visits are of them. */
export function typeRoutes({ db, changed }: TypeRouteDeps): Route[] {
	return [
		publicRoute(endpoints.listAppointmentTypes, async ({ query: { doctorId, archived, q, cursor, limit } }, actor) => {
			if (doctorId !== undefined && !isDatabaseId(doctorId)) throw new Refusal('not_found')
			const seesAll = isStaff(actor) || actor?.role === 'doctor'
			const after = cursor === undefined ? undefined : decodeCursor(cursor, 2)
			const asked = { doctorId, withArchived: archived === 'true', onlyPublic: !seesAll, q, after, limit: limit + 1 }
			return toPage(
				await readTypes(db, asked),
				limit,
				({ type }) => type,
				({ position, type: { id } }) => [position, id],
			)
		}),

		route(endpoints.createAppointmentType, async ({ body, origin }, actor) => {
			const type = await createType(db, actor, body, origin)
			changed()
			return type
		}),

		route(endpoints.updateAppointmentType, async ({ params, body, origin }, actor) => {
			const type = await updateType(db, actor, params.id, body, origin)
			changed()
			return type
		}),
	]
}

type TypeQuery = {
	typeId?: string
	doctorId?: string | undefined
	withArchived: boolean
	onlyPublic?: boolean
	q?: string | undefined
	/** The position and id of the last type of the page before. */
	after?: readonly string[] | undefined
	limit?: number
}

/** Types in the clinic's order. Of one doctor: those that the doctor offers, in the time that the doctor takes. */
async function readTypes(db: DbOrTx, asked: TypeQuery): Promise<{ position: number; type: AppointmentType }[]> {
	const { typeId, doctorId, withArchived, onlyPublic, q, after, limit } = asked
	const query = db('appointment_types as t').select('t.*', db.raw(offeredBy)).orderBy(['t.position', 't.id'])
	if (typeId !== undefined) query.where('t.id', typeId)
	if (!withArchived) query.whereNull('t.archived_at')
	if (onlyPublic) query.where('t.visibility', 'public')
	if (q) query.whereRaw('(t.name ILIKE :like OR t.names::text ILIKE :like)', { like: containing(q) })
	if (after) query.whereRaw('(t.position, t.id) > (?::int, ?::bigint)', positionIn(after))
	if (limit !== undefined) query.limit(limit)
	if (doctorId !== undefined)
		query.where(offered =>
			offered
				.where('t.by_all_doctors', true)
				.orWhereExists(db('doctor_types as own').whereRaw('own.type_id = t.id').where('own.doctor_id', doctorId).select(db.raw('1'))),
		)
	const rows: Row[] = await query
	return rows.map(row => {
		const type = toType(row)
		const minutes = row.own.find(own => own.doctorId === doctorId)?.minutes ?? type.minutes
		return { position: row.position, type: { ...type, minutes } }
	})
}

function positionIn([position = '', id = '']: readonly string[]): string[] {
	if (!/^\d{1,9}$/.test(position) || !isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
	return [position, id]
}

const offeredBy = `coalesce((
	SELECT jsonb_agg(jsonb_build_object('doctorId', o.doctor_id::text, 'minutes', o.minutes) ORDER BY o.doctor_id)
	FROM doctor_types o WHERE o.type_id = t.id
), '[]') AS own`

type Row = {
	id: string
	position: number
	name: string
	description: string | null
	instructions: string | null
	minutes: number
	buffer_minutes: number
	min_notice_minutes: number
	max_days_ahead: number | null
	daily_limit: number | null
	price: string | null
	visibility: AppointmentType['visibility']
	color: string | null
	by_all_doctors: boolean
	names: Record<string, string> | null
	archived_at: Date | null
	own: { doctorId: string; minutes: number | null }[]
}

const toType = (row: Row): AppointmentType => ({
	id: row.id,
	name: row.name,
	...given({ description: row.description, instructions: row.instructions }),
	minutes: row.minutes,
	bufferMinutes: row.buffer_minutes,
	minNoticeMinutes: row.min_notice_minutes,
	...given({ maxDaysAhead: row.max_days_ahead, dailyLimit: row.daily_limit, price: row.price }),
	visibility: row.visibility,
	...given({ color: row.color }),
	doctors: row.by_all_doctors ? 'all' : row.own.map(({ doctorId, minutes }) => ({ doctorId, ...given({ minutes }) })),
	...given({ names: row.names }),
	archived: row.archived_at !== null,
})

/** @throws Refusal invalid_input for a name that is used, or a doctor that there is not */
async function createType(db: Db, actor: Actor, input: AppointmentTypeInput, origin: Origin): Promise<AppointmentType> {
	return await written(db, async trx => {
		const [{ id }] = await trx('appointment_types')
			.insert({
				...withoutUndefined(rowOf(input)),
				position: trx.raw('(SELECT coalesce(max(position), -1) + 1 FROM appointment_types)'),
				updated_at: trx.fn.now(),
			})
			.returning('id')
		await replaceDoctors(trx, id, input.doctors)
		await recordAudit(trx, { actor, origin, action: 'created', entity: 'appointment_type', entityId: id, details: { name: input.name } })
		return id
	})
}

/** @throws Refusal not_found; in_use when visits to come are of it and it is to be archived; invalid_input as for a new one */
async function updateType(db: Db, actor: Actor, id: string, changes: AppointmentTypeChanges, origin: Origin): Promise<AppointmentType> {
	if (!isDatabaseId(id)) throw new Refusal('not_found')
	return await written(db, async trx => {
		const before = await trx('appointment_types').where({ id }).forUpdate().first('archived_at')
		if (!before) throw new Refusal('not_found')
		const fields = withoutUndefined(changes)
		if (Object.keys(fields).length === 0) return id
		if (changes.archived && before.archived_at === null) await refuseInUse(trx, { typeId: id })
		await trx('appointment_types')
			.where({ id })
			.update({
				...withoutUndefined(rowOf(changes)),
				...(changes.archived !== undefined && { archived_at: changes.archived ? (before.archived_at ?? trx.fn.now()) : null }),
				updated_at: trx.fn.now(),
			})
		if (changes.doctors !== undefined) await replaceDoctors(trx, id, changes.doctors)
		await recordAudit(trx, { actor, origin, action: 'updated', entity: 'appointment_type', entityId: id, details: { changes: fields } })
		return id
	})
}

async function written(db: Db, write: (trx: Tx) => Promise<string>): Promise<AppointmentType> {
	try {
		return await inTransaction(db, async trx => {
			const [read] = await readTypes(trx, { typeId: await write(trx), withArchived: true })
			return (read as { type: AppointmentType }).type
		})
	} catch (error) {
		switch (violatedConstraint(error)) {
			case 'appointment_types_name_key':
				throw invalidInput('name', 'another kind of appointment has this name')
			case 'doctor_types_doctor_id_fkey':
				throw invalidInput('doctors', 'there is no such doctor')
			default:
				throw error
		}
	}
}

async function replaceDoctors(trx: Tx, typeId: string, doctors: AppointmentType['doctors']) {
	await trx('doctor_types').where({ type_id: typeId }).delete()
	if (doctors === 'all' || doctors.length === 0) return
	const byId = new Map(doctors.map(each => [each.doctorId, each]))
	if (![...byId.keys()].every(isDatabaseId)) throw invalidInput('doctors', 'there is no such doctor')
	await trx('doctor_types').insert(
		[...byId.values()].map(({ doctorId, minutes = null }) => ({ type_id: typeId, doctor_id: doctorId, minutes })),
	)
}

const rowOf = (changes: AppointmentTypeChanges) => ({
	name: changes.name,
	description: changes.description,
	instructions: changes.instructions,
	minutes: changes.minutes,
	buffer_minutes: changes.bufferMinutes,
	min_notice_minutes: changes.minNoticeMinutes,
	max_days_ahead: changes.maxDaysAhead,
	daily_limit: changes.dailyLimit,
	price: changes.price,
	visibility: changes.visibility,
	color: changes.color,
	by_all_doctors: changes.doctors === undefined ? undefined : changes.doctors === 'all',
	names: changes.names && JSON.stringify(changes.names),
	position: changes.position,
})
