import { type HistoryItem, historyEndpoints, type Place, type Role, type VanishedVisit } from '../../contract/index.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { type Db, readSql } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'

/** What happened to slots and visits, for staff and the doctor. The audit log says who changed what; holds have a table of their own. */
export function historyRoutes({ db, slotOf }: HistoryDeps): Route[] {
	return [
		route(historyEndpoints.getSlotHistory, async ({ params }, actor) => {
			const slot = slotOf(params.id)
			if (!slot || !(await db('doctors').where({ id: slot.doctorId }).first('id'))) throw new Refusal('not_found')
			if (!maySee(actor, slot.doctorId)) throw new Refusal('forbidden')
			const start = new Date(slot.startMinute * 60_000).toISOString()
			return { items: await readItems(db, slotHistory, [slot.doctorId, start]) }
		}),
		route(historyEndpoints.getAppointmentHistory, async ({ params }, actor) => {
			const visit = isDatabaseId(params.id) && (await db('appointments').where({ id: params.id }).first('doctor_id'))
			if (!visit || !maySee(actor, visit.doctor_id)) throw new Refusal('not_found')
			return { items: await readItems(db, visitHistory, [params.id]) }
		}),
		route(historyEndpoints.listDoctorChanges, async ({ params }, actor) => {
			if (!maySee(actor, params.id)) throw new Refusal('forbidden')
			if (!isDatabaseId(params.id)) return { items: [] }
			const rows = await read<Row & { appointment_id: string; starts_at: Date }>(db, doctorChanges, [params.id])
			const nameOf = await doctorNames(db, rows)
			const appointmentOf = ({ appointment_id: appointmentId, starts_at }: (typeof rows)[number]) => ({
				appointmentId,
				startsAt: starts_at.toISOString(),
			})
			return { items: rows.map(row => ({ ...toItem(row, nameOf), ...appointmentOf(row) })) }
		}),
		route(historyEndpoints.listVanishedVisits, async ({ query: { date, doctorId } }, actor) => {
			const wanted = doctorId ?? (isStaff(actor) ? undefined : actor.userId)
			if (wanted !== undefined && !maySee(actor, wanted)) throw new Refusal('forbidden')
			if (wanted !== undefined && !isDatabaseId(wanted)) return { items: [] }
			return { items: (await read<VanishedRow>(db, vanishedVisits, [date, wanted ?? null])).map(toVanished) }
		}),
	]
}

export type HistoryDeps = { db: Db; slotOf: (slotId: string) => { doctorId: string; startMinute: number } | undefined | null }

const slotHistory = readSql('slot_history.sql', import.meta.url)
const visitHistory = readSql('visit_history.sql', import.meta.url)
const doctorChanges = readSql('doctor_changes.sql', import.meta.url)
const vanishedVisits = readSql('vanished_visits.sql', import.meta.url)

function maySee(actor: Actor, doctorId: string): boolean {
	return isStaff(actor) || actor.userId === doctorId
}

/** Runs a statement with numbered parameters, which knex calls `?`. */
async function read<Row>(db: Db, sql: string, values: (string | null)[]): Promise<Row[]> {
	const bindings: (string | null)[] = []
	const text = sql.replace(/--.*$/gm, '').replace(/\$(\d)/g, (_, number) => {
		bindings.push(values[Number(number) - 1] as string | null)
		return '?'
	})
	const { rows } = await db.raw(text, bindings as string[])
	return rows
}

async function readItems(db: Db, sql: string, values: string[]): Promise<HistoryItem[]> {
	const rows = await read<Row>(db, sql, values)
	const nameOf = await doctorNames(db, rows)
	return rows.map(row => toItem(row, nameOf))
}

type PlaceEntry = { doctorId?: string; startsAt?: string; endsAt?: string; status?: string }

type Row = {
	at: Date
	action: string
	by_name: string | null
	by_role: Role | null
	appointment_id: string | null
	patient_name: string | null
	details: { from?: PlaceEntry; to?: PlaceEntry; undoes?: string }
	message?: HistoryItem['message'] | null
	reason: string | null
}

async function doctorNames(db: Db, rows: readonly Row[]): Promise<(id: string) => string> {
	const ids = rows.flatMap(({ details: { from, to } }) => [from?.doctorId, to?.doctorId].filter(id => id !== undefined))
	const found: { id: string; full_name: string }[] = ids.length === 0 ? [] : await db('users').whereIn('id', ids).select('id', 'full_name')
	const names = new Map(found.map(({ id, full_name }) => [id, full_name]))
	return id => names.get(id) ?? ''
}

function toItem(row: Row, nameOf: (id: string) => string): HistoryItem {
	const { from, to, undoes } = row.details
	const isMove = from?.startsAt !== undefined
	return {
		at: row.at.toISOString(),
		what: whatOf(row),
		...byOf(row),
		...(row.appointment_id && { appointmentId: row.appointment_id }),
		...(row.patient_name !== null && { patientName: row.patient_name }),
		...(isMove && from && { from: toPlace(from, nameOf) }),
		...(isMove && to && { to: toPlace(to, nameOf) }),
		...(undoes && { undoes: undoneNames[undoes] ?? 'status' }),
		...(row.reason && { reason: row.reason }),
		...(row.message && { message: row.message }),
	}
}

const undoneNames: Record<string, HistoryItem['undoes']> = { booked: 'booked', rescheduled: 'moved', cancelled: 'cancelled' }

/** The wire's word for an entry of the audit log. */
function whatOf({ action, details }: Row): HistoryItem['what'] {
	if (action === 'rescheduled') return 'moved'
	if (action !== 'status_changed') return action as HistoryItem['what']
	const status = details.to?.status
	return status === undefined || status === 'booked' ? 'reset' : (status as HistoryItem['what'])
}

const byOf = ({ by_name: name, by_role: role }: Pick<Row, 'by_name' | 'by_role'>) =>
	name !== null && role !== null ? { by: { name, role } } : {}

function toPlace({ doctorId = '', startsAt = '', endsAt = '' }: PlaceEntry, nameOf: (id: string) => string): Place {
	return { doctorId, doctorName: nameOf(doctorId), startsAt, endsAt }
}

type VanishedRow = {
	what: VanishedVisit['what']
	appointment_id: string
	doctor_id: string
	starts_at: Date
	ends_at: Date
	at: Date
	by_name: string | null
	by_role: Role | null
	patient_name: string
	reason: string | null
	moved_to: Place | null
}

function toVanished(row: VanishedRow): VanishedVisit {
	return {
		appointmentId: row.appointment_id,
		doctorId: row.doctor_id,
		startsAt: row.starts_at.toISOString(),
		endsAt: row.ends_at.toISOString(),
		what: row.what,
		patientName: row.patient_name,
		at: row.at.toISOString(),
		...byOf(row),
		...(row.reason && { reason: row.reason }),
		...(row.moved_to && { to: row.moved_to }),
	}
}
