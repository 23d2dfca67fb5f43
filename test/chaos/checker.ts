import type { QueueRequest } from '../../server/booking/requests.ts'
import type { Db } from '../../server/platform/database/database.ts'
import { inconsistencies, overlaps } from '../support/calendar.ts'
import type { Watcher } from '../support/watcher.ts'
import type { Arrivals } from './arrivals.ts'
import { patienceMs } from './client.ts'
import type { History } from './history.ts'

export type Evidence = { db: Db; history: History; doctorIds: readonly string[]; watchers: readonly Watcher[]; arrivals: Arrivals }

/** Lists the broken promises. The caller of this function waits first, so that watchers can converge. */
export async function violationsOf({ db, history, doctorIds, watchers, arrivals }: Evidence): Promise<string[]> {
	return [
		...(await checkOverlaps(db)),
		...(await checkAnswers(db, history, doctorIds)),
		...(await checkPictures(db, watchers)),
		...(await checkOrder(db, arrivals)),
		...checkManners(history),
	]
}

/** Promise 1: no appointments overlap, and slots agree with appointments. */
async function checkOverlaps(db: Db): Promise<string[]> {
	const [overlapping, disagreeing] = [await overlaps(db), await inconsistencies(db)]
	return [
		...(overlapping > 0 ? [`${overlapping} pairs of appointments overlap`] : []),
		...(disagreeing > 0 ? [`${disagreeing} slots and appointments disagree`] : []),
	]
}

/** Promise 2: the database has every acknowledged booking, no refused one, and none that was never requested. */
async function checkAnswers(db: Db, history: History, doctorIds: readonly string[]): Promise<string[]> {
	const rows = await db('appointments').whereIn('doctor_id', doctorIds).select('id', 'status', 'booked_by', 'idempotency_key')
	const byKey = new Map(rows.map(row => [`${row.booked_by} ${row.idempotency_key}`, row]))
	const cancels = new Map(history.of('cancel').map(each => [each.appointmentId, each]))
	const violations: string[] = []
	const asked = new Set<string>()
	for (const { userId, key, outcome, appointmentId, code } of history.of('book')) {
		const row = byKey.get(`${userId} ${key}`)
		asked.add(`${userId} ${key}`)
		if (outcome === 'acknowledged' && String(row?.id) !== appointmentId) violations.push(`booking ${key} was acknowledged and is not there`)
		if (outcome === 'refused' && row) violations.push(`booking ${key} was refused (${code}) and is there`)
		if (!row || outcome !== 'acknowledged') continue
		const cancel = cancels.get(appointmentId)?.outcome
		if (cancel === 'acknowledged' && row.status !== 'cancelled') violations.push(`appointment ${row.id} was cancelled and is ${row.status}`)
		if (row.status === 'cancelled' && (cancel === undefined || cancel === 'refused'))
			violations.push(`appointment ${row.id} is cancelled, which nobody asked for`)
	}
	for (const key of byKey.keys()) if (!asked.has(key)) violations.push(`appointment under ${key} was never asked for`)
	return violations
}

/** Promise 3: every connected watcher agrees with the database. */
async function checkPictures(db: Db, watchers: readonly Watcher[]): Promise<string[]> {
	const violations: string[] = []
	for (const { doctorId, picture, socket } of watchers) {
		if (!socket.connected) continue
		const rows = await db('appointment_slots')
			.where({ doctor_id: doctorId })
			.select('is_booked', db.raw('(extract(epoch FROM starts_at) / 60)::int AS minute'))
		for (const { is_booked: isBooked, minute } of rows as { is_booked: boolean; minute: number }[]) {
			const state = picture.get(`${doctorId}-${minute}`)?.state
			if ((state === 'booked') !== isBooked)
				violations.push(`slot ${doctorId}-${minute} is shown ${state}, and is ${isBooked ? '' : 'not '}booked`)
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
