import type { Appointment, AppointmentKind, AppointmentStatus, Page } from '../../contract/index.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import type { Db } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import type { VisitCalendar } from '../reminders/visit-calendar.ts'
import { readVisitFace } from '../reminders/visit-face.ts'
import { type FullAppointment, toWire } from './facts.ts'

export async function listAppointments(db: Db, actor: Actor, filter: AppointmentFilter): Promise<Page<Appointment>> {
	const { doctorId, patientId } = scopeOf(actor, filter)
	if ([doctorId, patientId].some(id => id !== undefined && !isDatabaseId(id))) return { items: [], nextCursor: null }
	const query = db('appointments as a')
		.join('doctors as d', 'd.id', 'a.doctor_id')
		.join('users as u', 'u.id', 'a.doctor_id')
		.join('patients as p', 'p.id', 'a.patient_id')
		.select<Row[]>('a.*', 'p.full_name as patient_name', 'u.full_name as doctor_name')
		.orderBy([{ column: 'a.starts_at' }, { column: 'a.id' }])
		.limit(filter.limit + 1)
	if (doctorId) query.where('a.doctor_id', doctorId)
	if (patientId) query.where('a.patient_id', patientId)
	if (filter.status) query.whereIn('a.status', filter.status)
	if (filter.from) {
		const { exact, bindings, coarse } = bound('from', filter.from)
		query.where('a.starts_at', '>=', coarse).whereRaw(exact, bindings)
	}
	if (filter.to) {
		const { exact, bindings, coarse } = bound('to', filter.to)
		query.where('a.starts_at', '<', coarse).whereRaw(exact, bindings)
	}
	if (filter.cursor) {
		const [startsAtMs = '', id = ''] = decodeCursor(filter.cursor, 2)
		if (!/^-?\d{1,15}$/.test(startsAtMs) || !isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw('(a.starts_at, a.id) > (to_timestamp(?::bigint / 1000.0), ?::bigint)', [startsAtMs, id])
	}
	return toPage(await query, filter.limit, toListed, row => [row.starts_at.getTime(), row.id])
}

/**
 * Searches by everything that other programs ask for: a page by (start, id), and how many there are in all.
 *
 * @throws Refusal forbidden for people, who have `listAppointments`
 */
export async function searchAppointments(db: Db, actor: Actor, search: AppointmentSearch): Promise<FoundAppointments> {
	if (!isStaff(actor)) throw new Refusal('forbidden')
	const lists = [search.ids, search.doctorIds, search.patientIds, search.typeIds, search.siteIds]
	const [ids, doctorIds, patientIds, typeIds, siteIds] = lists.map(list => list?.filter(isDatabaseId))
	const matching = db('appointments as a').modify(query => {
		if (ids) query.whereIn('a.id', ids)
		if (doctorIds) query.whereIn('a.doctor_id', doctorIds)
		if (patientIds) query.whereIn('a.patient_id', patientIds)
		if (typeIds) query.whereIn('a.type_id', typeIds)
		if (search.statuses) query.whereIn('a.status', search.statuses)
		if (search.fromMs !== undefined) query.where('a.starts_at', '>=', new Date(search.fromMs))
		if (search.untilMs !== undefined) query.where('a.starts_at', '<', new Date(search.untilMs))
		if (search.slots) query.whereRaw(inSlots, JSON.stringify(search.slots))
		if (siteIds) query.whereRaw(`${siteOf} = ANY (?::bigint[])`, [siteIds])
	})
	const page = matching
		.clone()
		.join('users as u', 'u.id', 'a.doctor_id')
		.join('patients as p', 'p.id', 'a.patient_id')
		.select<(Row & { site_id: string | null })[]>('a.*', 'p.full_name as patient_name', 'u.full_name as doctor_name')
		.select(db.raw(`${siteOf} AS site_id`))
		.orderBy([{ column: 'a.starts_at' }, { column: 'a.id' }])
		.limit(search.count + 1)
	const { after } = search
	if (after) page.whereRaw('(a.starts_at, a.id) > (to_timestamp(?::bigint / 1000.0), ?::bigint)', [after.startMs, after.id])
	const [counted, rows] = await Promise.all([matching.clone().first<{ total: number }>(db.raw('count(*)::int AS total')), page])
	const shown = rows.slice(0, search.count)
	return {
		total: counted?.total ?? 0,
		items: shown.map(row => ({ visit: toListed(row), siteId: row.site_id ?? undefined })),
		hasMore: rows.length > search.count,
	}
}

export type AppointmentSearch = {
	ids?: readonly string[] | undefined
	doctorIds?: readonly string[] | undefined
	patientIds?: readonly string[] | undefined
	typeIds?: readonly string[] | undefined
	siteIds?: readonly string[] | undefined
	slots?: readonly { doctorId: string; startMinute: number }[] | undefined
	statuses?: readonly AppointmentStatus[] | undefined
	/** Inclusive. */
	fromMs?: number | undefined
	/** Exclusive. */
	untilMs?: number | undefined
	count: number
	after?: { startMs: number; id: string } | undefined
}

export type FoundAppointments = { total: number; items: { visit: Appointment; siteId: string | undefined }[]; hasMore: boolean }

/** The site of the slot that the visit begins with. */
const siteOf = `(SELECT s.site_id FROM appointment_slots s WHERE s.doctor_id = a.doctor_id AND s.starts_at = a.slot_starts[1])`

const inSlots = `EXISTS (
	SELECT FROM jsonb_to_recordset(?::jsonb) AS asked ("doctorId" bigint, "startMinute" bigint)
	WHERE asked."doctorId" = a.doctor_id AND to_timestamp(asked."startMinute" * 60.0) = ANY (a.slot_starts))`

/** Returns the appointment as an iCalendar file. */
export async function calendarFile(db: Db, calendar: VisitCalendar, appointment: FullAppointment): Promise<string> {
	const { startMinute, endMinute } = appointment
	const { doctorName, language, ...face } = await readVisitFace(db, appointment.id)
	return calendar.file({ ...appointment, doctorName, language, face, startsAtMs: startMinute * 60_000, endsAtMs: endMinute * 60_000 })
}

/** Whether the actor may see the appointment. */
export function maySee(actor: Actor, { doctorId, patientId }: Pick<FullAppointment, 'doctorId' | 'patientId'>): boolean {
	return (
		isStaff(actor) || (actor.role === 'doctor' && actor.userId === doctorId) || (actor.role === 'patient' && actor.patientId === patientId)
	)
}

export type AppointmentFilter = {
	doctorId?: string | undefined
	patientId?: string | undefined
	from?: string | undefined
	to?: string | undefined
	status?: AppointmentStatus[] | undefined
	cursor?: string | undefined
	limit: number
}

/** Narrows the filter to the appointments that the actor may see. @throws Refusal forbidden when the filter asks for more */
function scopeOf(actor: Actor, { doctorId, patientId }: AppointmentFilter) {
	if (isStaff(actor)) return { doctorId, patientId }
	if (actor.role === 'doctor') {
		if (doctorId !== undefined && doctorId !== actor.userId) throw new Refusal('forbidden')
		return { doctorId: actor.userId, patientId }
	}
	if (patientId !== undefined && patientId !== actor.patientId) throw new Refusal('forbidden')
	return { doctorId, patientId: actor.patientId ?? '0' }
}

/**
 * A date means a day in each doctor's own zone. PostgreSQL can search the index only by a bound in UTC, so `coarse` is that bound, a
 * day wider.
 */
function bound(side: 'from' | 'to', text: string): { exact: string; bindings: string[]; coarse: Date } {
	if (!isDate(text)) return { exact: side === 'from' ? 'a.starts_at >= ?' : 'a.starts_at < ?', bindings: [text], coarse: new Date(text) }
	const midnight = side === 'from' ? '?::date' : '(?::date + 1)'
	const dayMs = 86_400_000
	return {
		exact: `a.starts_at ${side === 'from' ? '>=' : '<'} ${midnight}::timestamp AT TIME ZONE d.time_zone`,
		bindings: [text],
		coarse: new Date(Date.parse(text) + (side === 'from' ? -dayMs : 2 * dayMs)),
	}
}

const isDate = (text: string) => text.length === 10

function toListed(row: Row): Appointment {
	return {
		...toWire({
			id: row.id,
			doctorId: row.doctor_id,
			patientId: row.patient_id,
			typeId: row.type_id,
			startMinute: minute(row.starts_at),
			endMinute: minute(row.ends_at),
			slotMinutes: row.slot_starts.map(minute),
			typeMinutes: undefined,
			bufferMinutes: 0,
			status: row.status,
			reason: row.reason,
			kind: row.kind,
			extraReason: row.extra_reason,
			allowedBy: row.allowed_by,
			bookedBy: row.booked_by,
			createdAtMs: row.created_at.getTime(),
			updatedAtMs: row.updated_at.getTime(),
			sequence: row.sequence,
			patientName: row.patient_name,
			patientUserId: null,
		}),
		doctorName: row.doctor_name,
	}
}

const minute = (instant: Date) => instant.getTime() / 60_000

type Row = {
	id: string
	doctor_id: string
	patient_id: string
	type_id: string
	starts_at: Date
	ends_at: Date
	slot_starts: Date[]
	status: AppointmentStatus
	reason: string | null
	kind: AppointmentKind
	extra_reason: string | null
	allowed_by: string | null
	booked_by: string
	created_at: Date
	updated_at: Date
	sequence: number
	patient_name: string
	doctor_name: string
}
