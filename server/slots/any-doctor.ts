import type { AvailabilityQuery, AvailableDay, Hold, HoldAnyRequest } from '../../contract/index.ts'
import { specialtyOf, spellingsOf } from '../../contract/specialties.ts'
import { type AppointmentTypes, minutesWith, type TypeRules, termsOf, whyNotInTerms } from '../clinic/appointment-types.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { readSql } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Holds } from './holds.ts'
import { instantOf, minuteOf, slotId } from './slot-id.ts'

/**
 * Times at any doctor: what it lists can be held by the same caller, and what the rules of the type refuse is not listed.
 */
export function createAnyDoctor({ run, types, holds, nowMs }: AnyDoctorDeps) {
	return { list, hold }

	/** @throws Refusal not_found for an unknown type */
	async function list(actor: Actor | null, query: AvailabilityQuery): Promise<{ days: AvailableDay[] }> {
		const type = await types.rulesOf(query.typeId)
		const free = query.limit === undefined ? await freeTimes(actor, type, query) : await earliestTimes(actor, type, query, query.limit)
		const days = new Map<string, Map<number, AvailableTime>>()
		for (const { doctorId, startMinute, endMinute, date } of free) {
			const times = days.get(date) ?? new Map<number, AvailableTime>()
			days.set(date, times)
			const time = times.get(startMinute) ?? { startsAt: instantOf(startMinute), endsAt: instantOf(endMinute), doctorIds: [], slotIds: [] }
			times.set(startMinute, time)
			time.doctorIds.push(doctorId)
			time.slotIds.push(slotId(doctorId, startMinute))
		}
		const byDate = [...days].sort(([a], [b]) => (a < b ? -1 : 1))
		return {
			days: byDate.map(([date, times]) => ({ date, times: [...times.values()].sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1)) })),
		}
	}

	/** Reads a few days at a time, since the earliest times are usually among the first. */
	async function earliestTimes(actor: Actor | null, type: TypeRules, query: AvailabilityQuery, limit: number): Promise<FreeTime[]> {
		const found: FreeTime[] = []
		let from = query.from
		for (let days = 1; from <= query.to; days *= 4) {
			const to = [dateAfter(from, days), query.to].sort()[0] as string
			found.push(...(await freeTimes(actor, type, { ...query, from, to })))
			const starts = [...new Set(found.map(({ startMinute }) => startMinute))].sort((a, b) => a - b)
			// Days begin earlier in some zones than in others: the earliest times of all may still be on the day after.
			const last = starts[limit - 1]
			if (last !== undefined && instantOf(last).slice(0, 10) < to) return found.filter(({ startMinute }) => startMinute <= last)
			if (to === query.to && last !== undefined) return found.filter(({ startMinute }) => startMinute <= last)
			from = dateAfter(to, 1)
		}
		return found
	}

	/**
	 * Holds the time at the doctor with the fewest visits that day, then by name; the next doctor when another caller was faster.
	 *
	 * @throws Refusal slot_booked or slot_held when no doctor is left, type_not_offered, too_soon, too_far
	 */
	async function hold(actor: Actor, { typeId, startsAt, anyOf }: HoldAnyRequest, options?: { throughSocket: boolean }): Promise<Hold> {
		const type = await types.rulesOf(typeId)
		const startMinute = minuteOf(startsAt)
		const outOfTerms = whyNotInTerms(termsOf(type), startMinute, !isStaff(actor), nowMs())
		if (outOfTerms) throw new Refusal(outOfTerms)
		// The day in every zone.
		const [from, to] = [-1, 1].map(days => new Date(startMinute * 60_000 + days * 86_400_000).toISOString().slice(0, 10)) as [
			string,
			string,
		]
		const free = (await freeTimes(actor, type, { typeId, from, to, ...anyOf })).filter(each => each.startMinute === startMinute)
		const visits = await visitsOfDay(
			free.map(({ doctorId }) => doctorId),
			startMinute,
		)
		const inTurn = free.sort((a, b) => (visits.get(a.doctorId) ?? 0) - (visits.get(b.doctorId) ?? 0) || (a.fullName < b.fullName ? -1 : 1))
		let last = new Refusal('slot_booked')
		for (const { doctorId } of inTurn) {
			try {
				return await holds.place(actor, { slotId: slotId(doctorId, startMinute), typeId }, options)
			} catch (error) {
				if (!(error instanceof Refusal) || !isGone(error)) throw error
				last = error
			}
		}
		throw last
	}

	async function visitsOfDay(doctorIds: readonly string[], startMinute: number): Promise<Map<string, number>> {
		if (doctorIds.length === 0) return new Map()
		const rows = await run<{ doctor_id: string; visits: number }>(visitsStatement, [doctorIds, startMinute])
		return new Map(rows.map(({ doctor_id, visits }) => [doctor_id, visits]))
	}

	/** Starts at which a doctor has room for the type, without held slots. */
	async function freeTimes(actor: Actor | null, type: TypeRules, filter: AvailabilityQuery): Promise<FreeTime[]> {
		const { from, to, specialty, siteId, doctorIds, half } = filter
		if (!type.isPublic && !isStaff(actor)) return []
		const known = doctorIds?.filter(isDatabaseId) ?? null
		if (siteId !== undefined && !isDatabaseId(siteId)) return []
		const spellings = specialty === undefined ? null : spellingsOfAsked(specialty)
		const rows = await run<Row>(freeStatement, [from, to, known, spellings, siteId ?? null, type.dailyLimit, type.id, maxSlots])
		const byDoctor = new Map<string, Map<number, Row>>()
		for (const row of rows) {
			const slots = byDoctor.get(row.doctor_id)
			if (slots) slots.set(row.start_minute, row)
			else byDoctor.set(row.doctor_id, new Map([[row.start_minute, row]]))
		}
		const held = new Map(await Promise.all([...byDoctor.keys()].map(async id => [id, (await holds.read(id)).holders] as const)))
		const terms = termsOf(type)
		return [...byDoctor].flatMap(([doctorId, slots]) => {
			const minutes = minutesOrNone(type, doctorId, isStaff(actor))
			if (minutes === undefined) return []
			for (const [minute, { userId }] of held.get(doctorId) ?? []) if (userId !== actor?.userId) slots.delete(minute)
			return [...slots.values()].flatMap(({ start_minute: startMinute, date, full_name: fullName, is_morning: isMorning }) => {
				if (half !== undefined && isMorning !== (half === 'morning')) return []
				if (whyNotInTerms(terms, startMinute, !isStaff(actor), nowMs())) return []
				// With room for the buffer after the visit, which ends before.
				const hasRoom = endOfRun(slots, startMinute, minutes + type.bufferMinutes) !== undefined
				const endMinute = hasRoom ? endOfRun(slots, startMinute, minutes) : undefined
				return endMinute === undefined ? [] : [{ doctorId, startMinute, endMinute, date, fullName }]
			})
		})
	}
}

export type AnyDoctorDeps = { run: Run; types: AppointmentTypes; holds: Pick<Holds, 'place' | 'read'>; nowMs: () => number }

type AvailableTime = AvailableDay['times'][number]

type FreeTime = { doctorId: string; startMinute: number; endMinute: number; date: string; fullName: string }

type Row = { doctor_id: string; start_minute: number; end_minute: number; date: string; is_morning: boolean; full_name: string }

const dateAfter = (date: string, days: number) => new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10)

/** Six weeks of fifty doctors with a slot every quarter of an hour are more; a caller who wants those asks for fewer days. */
const maxSlots = 50_000

const freeStatement = { name: 'read_free_times', text: readSql('read_free_times.sql', import.meta.url) }

const visitsStatement = {
	name: 'visits_of_day',
	text: `SELECT d.id::text AS doctor_id, (
			SELECT count(*) FROM appointments a
			WHERE a.doctor_id = d.id AND a.status <> 'cancelled'
			  AND a.starts_at >= local.date::timestamp AT TIME ZONE d.time_zone AND a.starts_at < (local.date + 1)::timestamp AT TIME ZONE d.time_zone
		)::int AS visits
		FROM doctors d
		CROSS JOIN LATERAL (SELECT (to_timestamp($2::int * 60.0) AT TIME ZONE d.time_zone)::date AS date) local
		WHERE d.id = ANY ($1::bigint[])`,
}

/** In any language, or by its code. */
function spellingsOfAsked(specialty: string): string[] {
	const named = specialtyOf(specialty)
	return [specialty.toLowerCase(), ...(named ? spellingsOf([named]) : [])]
}

function isGone({ code }: Refusal): boolean {
	return code === 'slot_booked' || code === 'slot_held' || code === 'slot_blocked'
}

function minutesOrNone(type: TypeRules, doctorId: string, isForStaff: boolean): number | undefined {
	try {
		return minutesWith(type, doctorId, isForStaff)
	} catch {
		return undefined
	}
}

function endOfRun(slots: ReadonlyMap<number, Row>, startMinute: number, minutes: number): number | undefined {
	let next = startMinute
	while (next < startMinute + minutes) {
		const slot = slots.get(next)
		if (!slot) return undefined
		next = slot.end_minute
	}
	return next
}
