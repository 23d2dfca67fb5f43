import { randomBytes } from 'node:crypto'
import type { WeeklyHours } from '../../contract/index.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../../server/platform/database/database.ts'
import { type GenerationInput, generateSlots } from '../../server/schedule/generate.ts'

export type TestSchedule = {
	timeZone: string
	slotMinutes: number
	weekly: WeeklyHours[]
	validFrom?: string | null
	validUntil?: string | null
}

/** Creates a doctor with weekly hours, and no slots yet. Returns the id. */
export async function aScheduledDoctor(db: DbOrTx, schedule: Partial<TestSchedule> = {}): Promise<string> {
	const whole = { timeZone: 'Europe/Berlin', slotMinutes: 30, weekly: everyDay('09:00', '12:00'), ...schedule }
	const id = await aUser(db, 'doctor')
	await db('doctors').insert({ id, specialty: 'General practice', time_zone: whole.timeZone })
	await setSchedule(db, id, whole)
	return id
}

export async function generate(db: Db, doctorId: string, input: Partial<GenerationInput> = {}) {
	const [result] = await inTransaction(db, trx => generateSlots(trx, { days: 7, ...input, doctorIds: [doctorId] }))
	if (!result) throw new Error('generation answered nothing')
	return result
}

export type SlotRow = { starts_at: Date; ends_at: Date; appointment_id: string | null; is_blocked: boolean }

export function slotsOf(db: DbOrTx, doctorId: string): Promise<SlotRow[]> {
	return db('appointment_slots')
		.where('doctor_id', doctorId)
		.orderBy('starts_at')
		.select('starts_at', 'ends_at', 'appointment_id', 'is_blocked')
}

/** Spans as text, to keep a failing comparison readable. */
export function spans(rows: { starts_at: Date; ends_at: Date }[]): string[] {
	return rows.map(row => `${row.starts_at.toISOString()}/${row.ends_at.toISOString()}`)
}

export function bookSlot(db: DbOrTx, doctorId: string, slot: Pick<SlotRow, 'starts_at' | 'ends_at'>) {
	return anAppointment(db, { doctorId, startsAt: slot.starts_at, endsAt: slot.ends_at })
}

/** Rows, in order of start, that end after the next one starts. */
export function overlapsIn(rows: { starts_at: Date; ends_at: Date }[]) {
	return rows.filter((row, i) => {
		const next = rows[i + 1]
		return next !== undefined && row.ends_at > next.starts_at
	})
}

export const everyDay = (start: string, end: string): WeeklyHours[] => [1, 2, 3, 4, 5, 6, 7].map(weekday => ({ weekday, start, end }))

/** Gives the doctor one plan, in place of all others, at the site of the doctor's zone. */
export async function setSchedule(db: DbOrTx, doctorId: string, schedule: TestSchedule) {
	const { time_zone: timeZone } = await db('doctors').where('id', doctorId).first('time_zone')
	await db('schedule_plans').where('doctor_id', doctorId).delete()
	await aPlan(db, doctorId, { ...schedule, timeZone })
}

/** A plan beside others, in a zone that need not be its site's. */
export async function aPlan(db: DbOrTx, doctorId: string, plan: TestSchedule & { siteId?: string }): Promise<string> {
	const site = plan.siteId ? db.raw('?::bigint', [plan.siteId]) : db.raw('site_of_zone(?)', [plan.timeZone])
	const [row] = await db('schedule_plans')
		.insert({
			doctor_id: doctorId,
			site_id: site,
			time_zone: db.raw('zone_unless_of_site(?, ?)', [plan.timeZone, site]),
			slot_minutes: plan.slotMinutes,
			weekly: JSON.stringify(plan.weekly),
			valid_from: plan.validFrom ?? '1900-01-01',
			valid_until: plan.validUntil ?? null,
		})
		.returning('id')
	return String(row.id)
}

export async function aSite(db: DbOrTx, timeZone: string): Promise<string> {
	const [row] = await db('sites')
		.insert({ name: `Site in ${timeZone}`, time_zone: timeZone })
		.returning('id')
	return String(row.id)
}

/** Creates an appointment for a new patient. Books the slot that starts with it, unless it is cancelled. */
export async function anAppointment(
	db: DbOrTx,
	{ doctorId, startsAt, endsAt, status = 'booked' }: { doctorId: string; startsAt: Date; endsAt: Date; status?: string },
): Promise<string> {
	const patientId = await aUser(db, 'patient')
	await db('patients').insert({ id: patientId, user_id: patientId, full_name: 'Someone' })
	const [row] = await db('appointments')
		.insert({
			doctor_id: doctorId,
			patient_id: patientId,
			type_id: db('appointment_types').min('id'),
			starts_at: startsAt,
			ends_at: endsAt,
			slot_starts: db.raw('ARRAY[?::timestamptz]', [startsAt]),
			status,
			booked_by: patientId,
			idempotency_key: patientId,
		})
		.returning('id')
	if (status !== 'cancelled') {
		await db('appointment_slots').where({ doctor_id: doctorId, starts_at: startsAt }).update({ appointment_id: row.id })
	}
	return String(row.id)
}

async function aUser(db: DbOrTx, role: string): Promise<string> {
	const mark = randomBytes(6).toString('hex')
	const [row] = await db('users')
		.insert({ email: `${role}-${mark}@example.com`, full_name: `${role} ${mark}`, role, status: 'active' })
		.returning('id')
	return String(row.id)
}

/** Runs a test's body in a transaction that leaves nothing behind. */
export async function undone(db: Db, body: (trx: Tx) => Promise<void>): Promise<void> {
	try {
		await inTransaction(db, async trx => {
			await body(trx)
			throw new Undo()
		})
	} catch (error) {
		if (!(error instanceof Undo)) throw error
	}
}

class Undo extends Error {}
