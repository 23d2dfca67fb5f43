import type { QueueRequest } from '../../server/booking/requests.ts'
import type { Db } from '../../server/platform/database/database.ts'
import { inconsistencies, overlaps } from '../support/calendar.ts'
import type { Watcher } from '../support/watcher.ts'
import type { Arrivals } from './arrivals.ts'
import { patienceMs } from './caller.ts'
import { reasonForExtra } from './desk.ts'
import type { History, Operation } from './history.ts'

export type Evidence = {
	db: Db
	history: History
	doctorIds: readonly string[]
	watchers: readonly Watcher[]
	staffWatchers: readonly Watcher[]
	arrivals: Arrivals
}

/** Lists the broken promises. The caller of this function waits first, so that watchers can converge. */
export async function violationsOf({ db, history, doctorIds, watchers, staffWatchers, arrivals }: Evidence): Promise<string[]> {
	return [
		...(await checkOverlaps(db)),
		...(await checkAnswers(db, history, doctorIds)),
		...(await checkPictures(db, doctorIds, watchers, staffWatchers)),
		...(await checkOrder(db, arrivals)),
		...checkManners(history),
	]
}

/** Promise 1: no appointments overlap, but for a doctor's extra visits and walk-ins; and slots agree with appointments. */
async function checkOverlaps(db: Db): Promise<string[]> {
	const [overlapping, disagreeing] = [await overlaps(db), await inconsistencies(db)]
	return [
		...(overlapping > 0 ? [`${overlapping} pairs of appointments overlap`] : []),
		...(disagreeing > 0 ? [`${disagreeing} slots and appointments disagree`] : []),
	]
}

/** Promise 2: the database has every acknowledged booking as it was asked for, no refused one, and none that was never requested. */
async function checkAnswers(db: Db, history: History, doctorIds: readonly string[]): Promise<string[]> {
	const rows: Visit[] = await db('appointments')
		.whereIn('doctor_id', doctorIds)
		.select('id', 'status', 'booked_by', 'idempotency_key', 'kind', 'extra_reason', 'allowed_by', 'slot_starts')
		.select(db.raw('(extract(epoch FROM starts_at) / 60)::int AS minute'))
	const byKey = new Map(rows.map(row => [`${row.booked_by} ${row.idempotency_key}`, row]))
	const cancels = new Map(history.of('cancel').map(each => [each.appointmentId, each]))
	const moves = new Map(history.of('reschedule').map(each => [each.appointmentId, each.outcome]))
	const violations: string[] = []
	const asked = new Set<string>()
	for (const operation of history.of('book', 'extra', 'walk-in')) {
		const { userId, key, outcome, appointmentId, code, kind } = operation
		const row = byKey.get(`${userId} ${key}`)
		asked.add(`${userId} ${key}`)
		if (outcome === 'acknowledged' && String(row?.id) !== appointmentId) violations.push(`booking ${key} was acknowledged and is not there`)
		if (outcome === 'refused' && row) violations.push(`booking ${key} was refused (${code}) and is there`)
		// A booked or held slot is no obstacle to a visit beside it.
		if (outcome === 'refused' && kind !== 'book' && code !== 'patient_overlap') violations.push(`${kind} ${key} was refused as ${code}`)
		if (!row || outcome !== 'acknowledged') continue
		violations.push(...flawsOf(row, operation, moves.get(appointmentId)))
		const cancel = cancels.get(appointmentId)?.outcome
		if (cancel === 'acknowledged' && row.status !== 'cancelled') violations.push(`appointment ${row.id} was cancelled and is ${row.status}`)
		if (row.status === 'cancelled' && (cancel === undefined || cancel === 'refused'))
			violations.push(`appointment ${row.id} is cancelled, which nobody asked for`)
	}
	for (const key of byKey.keys()) if (!asked.has(key)) violations.push(`appointment under ${key} was never asked for`)
	return violations
}

type Visit = {
	id: string
	status: string
	booked_by: string
	idempotency_key: string
	kind: string
	extra_reason: string | null
	allowed_by: string | null
	slot_starts: Date[]
	minute: number
}

/** Compares a visit with what was asked for. A visit beside slots that moved into one is of the kind `slot`, and keeps who allowed it. */
function flawsOf(row: Visit, { kind, userId, slotId }: Operation, moved: Operation['outcome'] | undefined): string[] {
	const expected = { book: 'slot', extra: 'extra', 'walk-in': 'walk_in' }[kind as 'book' | 'extra' | 'walk-in']
	const mayBe = moved === undefined || moved === 'refused' ? [expected] : moved === 'acknowledged' ? ['slot'] : [expected, 'slot']
	const isBeside = row.kind !== 'slot'
	const isExplained =
		kind === 'book'
			? row.allowed_by === null && row.extra_reason === null
			: String(row.allowed_by) === userId && row.extra_reason === (kind === 'extra' ? reasonForExtra : null)
	return [
		...(mayBe.includes(row.kind) ? [] : [`${kind} ${row.id} is of the kind ${row.kind}`]),
		...(isExplained ? [] : [`${kind} ${row.id} does not say who allowed it and why`]),
		...(isBeside && row.slot_starts.length > 0 ? [`${kind} ${row.id} takes slots`] : []),
		...(row.kind === 'extra' && row.minute !== Number(slotId.split('-')[1]) ? [`${kind} ${row.id} is at another time`] : []),
		...(row.kind === 'walk_in' && row.status === 'booked' ? [`${kind} ${row.id} is not checked in`] : []),
	]
}

/** Promise 3: every connected watcher agrees with the database. Visits beside slots are shown to staff only. */
async function checkPictures(
	db: Db,
	doctorIds: readonly string[],
	watchers: readonly Watcher[],
	staffWatchers: readonly Watcher[],
): Promise<string[]> {
	const { rows } = await db.raw(
		`SELECT s.doctor_id::text AS "doctorId", (extract(epoch FROM s.starts_at) / 60)::int AS minute, s.is_booked AS "isBooked",
			ARRAY(
				SELECT a.id || ' ' || a.status FROM appointments a
				WHERE a.doctor_id = s.doctor_id AND a.kind <> 'slot' AND a.status NOT IN ('cancelled', 'no_show')
					AND a.starts_at < s.ends_at AND a.ends_at > s.starts_at
				ORDER BY a.id
			) AS beside
		FROM appointment_slots s WHERE s.doctor_id = ANY (?::bigint[])`,
		[[...doctorIds]],
	)
	const slots = rows as { doctorId: string; minute: number; isBooked: boolean; beside: string[] }[]
	const violations: string[] = []
	for (const watcher of [...watchers, ...staffWatchers]) {
		if (!watcher.socket.connected) continue
		const isStaff = staffWatchers.includes(watcher)
		for (const { doctorId, minute, isBooked, beside } of slots) {
			if (doctorId !== watcher.doctorId) continue
			const { state, alsoBooked } = watcher.picture.get(`${doctorId}-${minute}`) ?? {}
			if ((state === 'booked') !== isBooked)
				violations.push(`slot ${doctorId}-${minute} is shown ${state}, and is ${isBooked ? '' : 'not '}booked`)
			const shown = (alsoBooked ?? []).map(({ id, status }) => `${id} ${status}`)
			const expected = isStaff ? beside : []
			if (shown.join() !== expected.join())
				violations.push(`slot ${doctorId}-${minute} shows ${shown} beside it to ${isStaff ? 'staff' : 'the public'}, not ${expected}`)
		}
	}
	return violations
}

type OutcomeRow = { request_id: string; refusal: string | null; appointment_id: string | null }

/** Promise 4: outcomes are as if each doctor's requests had been settled one by one, in the order in which they reached Redis. */
async function checkOrder(db: Db, arrivals: Arrivals): Promise<string[]> {
	if (!arrivals.isWhole()) return []
	const rows: OutcomeRow[] = await db('booking_requests').select('request_id', 'refusal', 'appointment_id')
	const outcomes = new Map(rows.map(row => [row.request_id, row]))
	return [...arrivals.arrived.values()].flatMap(requests => replay(requests, outcomes))
}

function replay(requests: readonly QueueRequest[], outcomes: Map<string, OutcomeRow>): string[] {
	const taken = new Map<number, string>()
	const violations: string[] = []
	for (const request of requests) {
		const outcome = request.kind === 'announce' ? undefined : outcomes.get(request.id)
		if (request.kind === 'announce' || !outcome) continue
		const appointmentId = String(outcome.appointment_id)
		if (request.kind === 'book' || request.kind === 'reschedule') {
			const { startMinute, doctorId } = request
			if (outcome.refusal === 'slot_booked' && !taken.has(startMinute))
				violations.push(`${doctorId}-${startMinute} was refused as booked to one who came while it was free`)
			if (outcome.refusal !== null) continue
			if (request.kind === 'reschedule') free(appointmentId)
			if (taken.has(startMinute)) violations.push(`${doctorId}-${startMinute} was given to one who came after another had it`)
			taken.set(startMinute, appointmentId)
		} else if (request.kind === 'cancel' && outcome.refusal === null) free(appointmentId)
	}

	return violations

	function free(appointmentId: string) {
		for (const [minute, by] of taken) if (by === appointmentId) taken.delete(minute)
	}
}

/** A caller that cannot be served is refused in time, and learns when to come back. */
function checkManners({ operations }: History): string[] {
	return [
		{ what: `hung for ${patienceMs} ms or more`, whose: operations.filter(({ tookMs }) => tookMs >= patienceMs) },
		{ what: 'were told to come back, but not when', whose: operations.filter(({ isLeftGuessing }) => isLeftGuessing) },
		{ what: 'were told that something went wrong', whose: operations.filter(({ code }) => code === 'internal') },
	].flatMap(({ what, whose }) => (whose.length > 0 ? [`${whose.length} callers ${what}`] : []))
}
