import { randomUUID } from 'node:crypto'
import { DateTime } from 'luxon'
import type { Db } from '../../server/platform/database/database.ts'
import type { Channel, ClinicRecords, DoctorInfo, OfferedSlot, Visit } from './expected.ts'

/** A small repeatable generator: https://github.com/cprosche/mulberry32 */
export function aRandom(seed: number) {
	let state = seed
	return () => {
		state = (state + 0x6d2b79f5) | 0
		let t = Math.imul(state ^ (state >>> 15), 1 | state)
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
	}
}

const statuses = ['booked', 'checked_in', 'in_progress', 'completed', 'completed', 'completed', 'no_show', 'cancelled']
const slotMs = 30 * 60_000

type RandomClinic = { db: Db; random: () => number; doctors: DoctorInfo[]; from: string; days: number }

/**
 * Writes slots around the clock to the database, from the given date on, with visits in some, and returns them.
 * Around the clock, so that every midnight and every change of the clocks has visits before and after it.
 */
export async function fillAtRandom({ db, random, doctors, from, days }: RandomClinic): Promise<ClinicRecords> {
	const visits: (Visit & { id: number; slotMs: number })[] = []
	const slots: (OfferedSlot & { appointmentId: number | null })[] = []
	const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T
	const firstId = Number((await db('appointments').max('id as id').first())?.id ?? 0) + 1

	const bookers = new Map<Channel, string>()
	for (const [channel, role] of [
		['online', 'patient'],
		['desk', 'receptionist'],
		['doctor', 'doctor'],
	] as const) {
		const account = { email: `${randomUUID()}@example.com`, full_name: role, role, status: 'active' }
		bookers.set(channel, (await db('users').insert(account).returning('id'))[0].id)
	}
	const types: ClinicRecords['types'] = []
	for (const name of ['A checkup', 'B x-ray', 'C talk'].map(each => `${each} ${randomUUID()}`))
		types.push({ id: String((await db('appointment_types').insert({ name, minutes: 30, position: 0 }).returning('id'))[0].id), name })

	for (const { id: doctorId, zone } of doctors) {
		const begin = DateTime.fromISO(from, { zone }).toMillis()
		for (let startsAtMs = begin; startsAtMs < begin + days * 86_400_000; startsAtMs += slotMs) {
			if (random() < 0.3) continue
			const status = random() < 0.4 ? pick(statuses) : undefined
			const id = status && addVisit(doctorId, startsAtMs, status)
			if (random() < 0.1) addVisit(doctorId, startsAtMs, 'cancelled')
			const booked = status !== undefined && status !== 'cancelled'
			slots.push({ doctorId, startsAtMs, booked, blocked: random() < 0.15, appointmentId: booked ? (id as number) : null })
		}
	}

	const patients = await db
		.raw(`INSERT INTO patients (full_name) SELECT 'Patient ' || i FROM generate_series(1, ?) i RETURNING id`, [visits.length])
		.then(({ rows }: { rows: { id: string }[] }) => rows)
	const at = (ms: number) => new Date(ms).toISOString()
	await db.batchInsert(
		'appointments',
		visits.map((visit, i) => ({
			id: visit.id,
			doctor_id: visit.doctorId,
			// Each visit has a patient of its own, so that no two overlap for one patient.
			patient_id: patients[i]?.id,
			type_id: visit.type,
			starts_at: at(visit.startsAtMs),
			ends_at: at(visit.startsAtMs + slotMs),
			slot_starts: [at(visit.startsAtMs)],
			status: visit.status,
			moves: visit.moves,
			booked_by: bookers.get(visit.channel),
			idempotency_key: randomUUID(),
			created_at: at(visit.createdAtMs),
		})),
		500,
	)
	// Of these visits only the status is known, not the times of their day.
	await db('visit_times')
		.whereIn(
			'appointment_id',
			visits.map(({ id }) => id),
		)
		.delete()
	await db.batchInsert(
		'appointment_slots',
		slots.map(slot => ({
			doctor_id: slot.doctorId,
			starts_at: at(slot.startsAtMs),
			ends_at: at(slot.startsAtMs + slotMs),
			appointment_id: slot.appointmentId,
			is_blocked: slot.blocked,
		})),
		500,
	)

	return { doctors, visits, slots, types }

	function addVisit(doctorId: string, startsAtMs: number, status: string) {
		const id = firstId + visits.length
		visits.push({
			id,
			doctorId,
			startsAtMs,
			slotMs,
			status,
			createdAtMs: startsAtMs - Math.floor(random() * 60 * 86_400_000),
			type: pick(types).id,
			channel: pick(['online', 'online', 'desk', 'doctor'] as const),
			moves: pick([0, 0, 0, 1, 2]),
		})
		return id
	}
}
