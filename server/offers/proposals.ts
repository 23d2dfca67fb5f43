import type { AbsencePreview } from '../../contract/index.ts'
import { type AppointmentTypes, minutesWith } from '../clinic/appointment-types.ts'
import type { DbOrTx } from '../platform/database/database.ts'
import { readSql } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Holds } from '../slots/holds.ts'
import { instantOf, minuteOf, slotId } from '../slots/slot-id.ts'

/** The active visits of a doctor in a span, in order. Visits that have begun are left alone. */
export async function visitsOf(db: DbOrTx, { doctorId, startsAt, endsAt }: Absent): Promise<AbsentVisit[]> {
	return await db('appointments as a')
		.join('patients as p', 'p.id', 'a.patient_id')
		.where('a.doctor_id', doctorId)
		.whereIn('a.status', ['booked', 'checked_in', 'in_progress'])
		.where('a.starts_at', '<', endsAt)
		.where('a.ends_at', '>', startsAt)
		.orderBy(['a.starts_at', 'a.id'])
		.select('a.id', 'a.patient_id', 'a.type_id', 'a.starts_at', 'a.ends_at', 'a.status', 'p.full_name as patient_name', 'p.phone')
}

/**
 * Proposes another place for each visit that is only booked: at the same doctor, then at one of the same specialty who offers the
 * type; at the same site first; as near in time as can be. No place is proposed twice, and a patient's visits keep their order.
 */
export async function proposePlaces({ db, types, holds, nowMs }: ProposeDeps, absent: Absent): Promise<AbsencePreview['visits']> {
	const visits = await visitsOf(db, absent)
	const places = await readPlaces(db, holds, absent, nowMs())
	const busy = await readBusy(db, visits)
	const taken = new Set<string>()
	const proposed: AbsencePreview['visits'] = []
	for (const visit of visits) {
		const found = visit.status === 'booked' ? await placeFor(visit) : undefined
		for (const id of found?.ids ?? []) taken.add(id)
		if (found)
			busy.set(visit.patient_id, [
				...(busy.get(visit.patient_id) ?? []),
				{ from: found.start, until: found.end, visitId: `to ${visit.id}`, oldStart: minuteOf(visit.starts_at) },
			])
		proposed.push({
			appointmentId: visit.id,
			patientId: visit.patient_id,
			patientName: visit.patient_name,
			typeId: visit.type_id,
			startsAt: visit.starts_at.toISOString(),
			endsAt: visit.ends_at.toISOString(),
			status: visit.status,
			proposal: found
				? {
						id: slotId(found.place.doctorId, found.start),
						doctorId: found.place.doctorId,
						doctorName: found.place.doctorName,
						startsAt: instantOf(found.start),
						endsAt: instantOf(found.end),
						state: 'free',
					}
				: null,
		})
	}
	return proposed

	async function placeFor(visit: AbsentVisit) {
		const type = await types.rulesOf(visit.type_id)
		const start = minuteOf(visit.starts_at)
		const length = minuteOf(visit.ends_at) - start
		const others = busy.get(visit.patient_id) ?? []
		// The visits of this patient that come before stay before.
		const earliest = Math.max(0, ...others.filter(({ oldStart }) => oldStart !== undefined && oldStart < start).map(({ until }) => until))
		const inTurn = places
			.flatMap(place => place.slots.map(slot => ({ place, slot })))
			.filter(({ slot }) => slot.start >= earliest)
			.map(each => ({ ...each, rank: rankOf(each.place, each.slot.siteId), distance: Math.abs(each.slot.start - start) }))
			.sort((a, b) => a.rank - b.rank || a.distance - b.distance)
		for (const { place, slot } of inTurn) {
			const minutes = place.doctorId === absent.doctorId ? length : lengthWith(type, place.doctorId, length)
			const run = minutes === undefined ? undefined : runFrom(place, slot.start, minutes)
			if (!run || run.some(each => taken.has(slotId(place.doctorId, each.start)))) continue
			const end = (run.at(-1) as PlaceSlot).end
			if (others.some(({ from, until, visitId }) => visitId !== visit.id && from < end && slot.start < until)) continue
			return { place, start: slot.start, end, ids: run.map(each => slotId(place.doctorId, each.start)) }
		}
		return undefined
	}

	function rankOf(place: Place, siteId: string): number {
		return (place.doctorId === absent.doctorId ? 0 : 2) + (place.homeSites.has(siteId) ? 0 : 1)
	}
}

export type Absent = { doctorId: string; startsAt: Date; endsAt: Date }

export type AbsentVisit = {
	id: string
	patient_id: string
	type_id: string
	starts_at: Date
	ends_at: Date
	status: 'booked' | 'checked_in' | 'in_progress'
	patient_name: string
	phone: string | null
}

export type ProposeDeps = { db: DbOrTx; types: AppointmentTypes; holds: Pick<Holds, 'read'>; nowMs: () => number }

type PlaceSlot = { start: number; end: number; siteId: string }

/** The free slots of a doctor. `homeSites` are those at which the absent doctor would have been. */
type Place = { doctorId: string; doctorName: string; slots: PlaceSlot[]; byStart: Map<number, PlaceSlot>; homeSites: ReadonlySet<string> }

const freePlaces = readSql('free_places.sql', import.meta.url)

async function readPlaces(db: DbOrTx, holds: Pick<Holds, 'read'>, { doctorId, startsAt, endsAt }: Absent, nowMs: number): Promise<Place[]> {
	const { rows } = await db.raw<{
		rows: { doctor_id: string; doctor_name: string; start_minute: number; end_minute: number; site_id: string; is_home: boolean }[]
	}>(freePlaces, { doctorId, startsAt, endsAt, from: new Date(nowMs + leadMs), daysAhead })
	const places = new Map<string, Place>()
	const home = new Set(rows.flatMap(row => (row.is_home ? [row.site_id] : [])))
	for (const row of rows) {
		const place: Place = places.get(row.doctor_id) ?? {
			doctorId: row.doctor_id,
			doctorName: row.doctor_name,
			slots: [],
			byStart: new Map(),
			homeSites: home,
		}
		places.set(row.doctor_id, place)
		place.slots.push({ start: row.start_minute, end: row.end_minute, siteId: row.site_id })
	}
	for (const place of places.values()) {
		const { holders } = await holds.read(place.doctorId)
		place.slots = place.slots.filter(({ start }) => !holders.has(start))
		place.byStart = new Map(place.slots.map(slot => [slot.start, slot]))
	}
	return [...places.values()]
}

/** So long before a proposed visit its patient hears of it at least. */
const leadMs = 2 * 3_600_000
const daysAhead = 28

type Busy = { from: number; until: number; visitId: string; oldStart?: number }

async function readBusy(db: DbOrTx, visits: readonly AbsentVisit[]): Promise<Map<string, Busy[]>> {
	const rows: { id: string; patient_id: string; starts_at: Date; ends_at: Date }[] = await db('appointments')
		.whereIn('patient_id', [...new Set(visits.map(visit => visit.patient_id))])
		.whereIn('status', ['booked', 'checked_in', 'in_progress'])
		.whereRaw('ends_at > now()')
		.select('id', 'patient_id', 'starts_at', 'ends_at')
	const busy = new Map<string, Busy[]>()
	for (const row of rows) {
		const list = busy.get(row.patient_id) ?? []
		list.push({ from: minuteOf(row.starts_at), until: minuteOf(row.ends_at), visitId: row.id })
		busy.set(row.patient_id, list)
	}
	return busy
}

function runFrom(place: Place, start: number, minutes: number): PlaceSlot[] | undefined {
	const run: PlaceSlot[] = []
	for (let next = start; next < start + minutes; ) {
		const slot = place.byStart.get(next)
		if (!slot) return undefined
		run.push(slot)
		next = slot.end
	}
	return run
}

function lengthWith(type: Awaited<ReturnType<AppointmentTypes['rulesOf']>>, doctorId: string, length: number): number | undefined {
	try {
		return Math.max(length, minutesWith(type, doctorId, true))
	} catch (error) {
		if (error instanceof Refusal) return undefined
		throw error
	}
}
