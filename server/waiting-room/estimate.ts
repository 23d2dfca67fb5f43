/**
 * How long each patient of one doctor’s line may still wait. Pure: visits in their order, what is known of durations, and the time.
 *
 * The range begins where every visit ahead is quick and no other patient comes, and ends where every visit is slow and all who are expected
 * before, or have stepped out, come in time. It never ends before the visit’s own time.
 */
export function estimateWaits(line: readonly InLine[], expected: readonly Expected[], nowMs: number): Map<string, Wait> {
	const waits = new Map<string, Wait>()
	let [quick, slow] = [0, 0]
	for (const visit of line.filter(({ status }) => status === 'in_progress' || status === 'called')) {
		const goneMinutes = visit.status === 'in_progress' ? (nowMs - visit.sinceMs) / 60_000 : 0
		quick += Math.max(0, visit.takes.quick - goneMinutes)
		// A visit that takes longer than most still needs a moment.
		slow += Math.max(overdueMinutes, visit.takes.slow - goneMinutes)
	}
	const coming = [...expected].sort((a, b) => a.dueMs - b.dueMs)
	for (const visit of line) {
		if (visit.status !== 'waiting' && visit.status !== 'out') continue
		while (coming[0] && coming[0].dueMs <= visit.dueMs) slow += (coming.shift() as Expected).takes.slow
		const ownMinutes = Math.max(0, (visit.dueMs - nowMs) / 60_000)
		const from = Math.max(quick, ownMinutes)
		const to = Math.max(slow, from)
		waits.set(visit.appointmentId, { fromMinutes: rounded(from), toMinutes: rounded(to) })
		slow = to + visit.takes.slow
		if (visit.status === 'waiting') quick = from + visit.takes.quick
	}
	return waits
}

/** Orders a line: by due time, then by arrival. A patient who is late, or steps out, keeps this place. */
export function inOrder<V extends Pick<InLine, 'dueMs' | 'arrivedMs' | 'appointmentId'>>(line: readonly V[]): V[] {
	return [...line].sort(
		(a, b) => a.dueMs - b.dueMs || a.arrivedMs - b.arrivedMs || (BigInt(a.appointmentId) < BigInt(b.appointmentId) ? -1 : 1),
	)
}

/** What a visit takes: of its own kind if enough of them are known, or else as the doctor keeps to plans, or else as planned. */
export function takesOf(learned: Learned | undefined, { typeId, plannedMinutes }: { typeId: string; plannedMinutes: number }): Takes {
	const ofType = learned?.byType.get(typeId)
	if (ofType && ofType.visits >= enoughVisits) return { quick: ofType.quick, slow: ofType.slow }
	const likely = plannedMinutes * (learned?.part ?? 1)
	return { quick: likely * 0.75, slow: likely * 1.25 }
}

/** @param rows durations of one doctor, by type */
export function learn(rows: readonly DurationRow[]): Learned {
	const visits = rows.reduce((sum, row) => sum + row.visits, 0)
	const part = rows.reduce((sum, row) => sum + row.part * row.visits, 0) / visits
	return { byType: new Map(rows.map(row => [row.type_id, row])), ...(visits >= enoughVisits && { part }) }
}

export type InLine = {
	appointmentId: string
	status: 'waiting' | 'called' | 'in_progress' | 'out'
	/** When the visit got its status. */
	sinceMs: number
	dueMs: number
	arrivedMs: number
	takes: Takes
}

/** A visit whose patient has not arrived. */
export type Expected = { dueMs: number; takes: Takes }

/** Minutes of a quick visit and of a slow one. */
export type Takes = { quick: number; slow: number }

export type Wait = { fromMinutes: number; toMinutes: number }

/** What is known of a doctor: by type, and which part of the planned time visits take. */
export type Learned = { byType: Map<string, DurationRow>; part?: number }

export type DurationRow = { doctor_id: string; type_id: string; visits: number; quick: number; slow: number; part: number }

const enoughVisits = 5
const overdueMinutes = 5
const longestMinutes = 600

const rounded = (minutes: number) => Math.min(longestMinutes, Math.ceil(minutes))
