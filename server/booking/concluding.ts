import type { BatchResult } from './batch.ts'
import { type Draining, type Drainings, FencedOff } from './draining.ts'
import type { Happening, SettledOutcome } from './outcome.ts'
import type { Queue, QueueEntry } from './queue.ts'

export type ConcludingDeps = {
	queue: Queue
	/** Hands outcomes to those who wait for them, here or on another node. */
	deliver: (outcomes: SettledOutcome[]) => void
	/** Tells the people concerned. */
	announce: (happenings: Happening[]) => void
	/** Strikes slots that are no longer held off their holders' counts. */
	forgetHolds: (holds: BatchResult['endedHolds']) => void
	/** There is more in a doctor's queue. */
	later: (doctorId: string) => void
	/** Something was put into a doctor's queue, which may be drained here or elsewhere. */
	poke: (doctorId: string) => void
}

/** Makes known what a committed transaction has changed, and takes the requests out of their queues. */
export const createConcluding = ({ queue, deliver, announce, forgetHolds, later, poke }: ConcludingDeps) => {
	/** One script tells the doctor's watchers and shortens the queue, while the lock is ours. */
	const concludeDoctor = async (each: Draining, result: BatchResult, settled: readonly QueueEntry[]) => {
		const { doctorId, lease, taken, claimed } = each
		const ended = new Set(result.endedHolds.filter(hold => hold.doctorId === doctorId).map(hold => hold.startMinute))
		const lastEntryId = settled.findLast(entry => entry.request.doctorId === doctorId)?.entryId
		// What was taken is settled: the lock goes with it, unless other parts of the batch are still to come.
		const release = lastEntryId === taken.entries.at(-1)?.entryId
		const left = await queue.conclude({
			lease,
			doctorId,
			lastEntryId,
			changes: result.changes.get(doctorId) ?? [],
			unhold: [...ended],
			unclaim: [...claimed].filter(minute => !ended.has(minute)),
			reset: result.resets.has(doctorId),
			release,
		})
		claimed.clear()
		if (left === 'fenced') return doctorId
		each.released = release
		if (left > 0) later(doctorId)
		return null
	}

	/**
	 * After the commit everybody is told. Those who asked are told while watchers are being told; what they asked for is in the
	 * database, whatever becomes of the rest.
	 */
	const conclude = async (draining: Drainings, result: BatchResult, entries: readonly QueueEntry[]): Promise<void> => {
		const isSettled = new Set(result.settled)
		const settled = entries.filter(entry => isSettled.has(entry.request))
		const doctors = [...new Set(entries.map(entry => entry.request.doctorId))].map(doctorId => draining.get(doctorId) as Draining)
		// Before anybody is answered: who is at the limit may hold another slot at once. Many held none, and have nothing on their count.
		forgetHolds(
			result.endedHolds.filter(
				({ doctorId, startMinute, userId }) => draining.get(doctorId)?.taken.holds.get(startMinute)?.userId === userId,
			),
		)
		// A turn later: what watchers are told leaves for Redis before hundreds of answers are written.
		const answered = new Promise<void>(resolve => {
			setImmediate(() => {
				deliver(result.outcomes)
				resolve()
			})
		})
		// Requests leave their queues last: while anything is untold, the next drain finds them there and tells it again.
		const passedOn = await Promise.allSettled(result.elsewhere.map(announcement => queue.add(announcement).then(() => null)))
		const concluded = passedOn.some(each => each.status === 'rejected')
			? passedOn
			: await Promise.allSettled(doctors.map(each => concludeDoctor(each, result, settled)))
		// What was fenced off is told by the node that has the lock now. With Redis away watchers start over when it is back.
		const fenced = new Set(concluded.flatMap(each => (each.status === 'fulfilled' && each.value !== null ? [each.value] : [])))
		await answered
		announce(result.happenings.filter(({ doctorIds }) => !doctorIds.some(doctorId => fenced.has(doctorId))))
		for (const { doctorId } of result.elsewhere) poke(doctorId)
		const failed = concluded.find(each => each.status === 'rejected')
		if (failed?.status === 'rejected') throw failed.reason
		if (fenced.size > 0) throw new FencedOff()
	}

	return conclude
}
