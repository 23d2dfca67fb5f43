import { setImmediate as nextTurn } from 'node:timers/promises'
import { groupBy } from '../platform/group-by.ts'
import { FencedOff } from '../platform/mailbox/lease.ts'
import type { Mailbox } from '../platform/mailbox/mailbox.ts'
import type { Replies } from '../platform/mailbox/replies.ts'
import type { Holds } from '../slots/holds.ts'
import { slotId } from '../slots/slot-id.ts'
import type { Notify } from './notify.ts'
import type { BookingObserver } from './observe.ts'
import type { EndedHold, Settled } from './outcomes.ts'
import { type Batch, type Outcome, parcelOf, type QueueRequest } from './requests.ts'

/** What follows a commit. */
export type Effects = {
	/** @throws FencedOff when another node publishes what is left; errors of Redis: the requests are still in their mailboxes */
	follow(batch: Batch, settled: Settled): Promise<void>
}

export type EffectsDeps = {
	replies: Pick<Replies<Outcome>, 'deliver'>
	/** For changes of other doctors' calendars. */
	post: Mailbox<QueueRequest>['post']
	holds: Pick<Holds, 'forget'>
	notify: Notify['people']
	/** The ledger has messages that are to be sent at once. */
	wakeReminders: () => void
	observe: Pick<BookingObserver, 'settled' | 'published'>
}

/**
 * Makes a committed batch known: holders' counts, watchers, callers, the people concerned, reminders. Watchers are told by the
 * mailbox's own script, in which the requests leave: as long as something is untold, the next batch finds them there and tells it again.
 * Callers are answered whatever becomes of the telling: what they asked for is in the database.
 */
export function createEffects({ replies, post, holds, notify, wakeReminders, observe }: EffectsDeps): Effects {
	return {
		async follow(batch, settled) {
			observe.settled(batch, settled.outcomes)
			forgetHolds(endedHoldsMet(batch, settled))
			const publishing = publishAll(batch, settled)
			// It is awaited below; until then a failure is nobody's.
			publishing.catch(() => {})
			// Redis gets what watchers are told before hundreds of answers are written.
			await nextTurn()
			replies.deliver(settled.outcomes.map(({ request, outcome }) => ({ to: request.node, messageId: request.id, outcome })))
			const fenced = await publishing
			observe.published(batch)
			notify(settled.happenings.filter(({ doctorIds }) => !doctorIds.some(doctorId => fenced.has(doctorId))))
			if (settled.happenings.some(({ change }) => change !== 'status')) wakeReminders()
			if (fenced.size > 0) throw new FencedOff()
		},
	}

	/** Doctors whose lease has passed on: the node that has it publishes. */
	async function publishAll(batch: Batch, settled: Settled): Promise<Set<string>> {
		await Promise.all(settled.elsewhere.map(announcement => post(announcement.doctorId, announcement)))
		const doctorIds = new Set(batch.entries.map(({ key }) => key))
		const published = await Promise.allSettled([...doctorIds].map(doctorId => publish(batch, settled, doctorId)))
		const fenced = new Set<string>()
		for (const [index, doctorId] of [...doctorIds].entries()) {
			const each = published[index]
			if (each?.status !== 'rejected') continue
			if (!(each.reason instanceof FencedOff)) throw each.reason
			fenced.add(doctorId)
		}
		return fenced
	}

	async function publish(batch: Batch, settled: Settled, doctorId: string): Promise<void> {
		const { claimed } = parcelOf(batch, doctorId).seen
		const ended = new Set(settled.endedHolds.filter(hold => hold.doctorId === doctorId).map(hold => hold.startMinute))
		const entries = batch.entries.filter(({ key, message }) => key === doctorId && settled.requests.has(message))
		await batch.finish(doctorId, entries, {
			changes: settled.changes.get(doctorId) ?? [],
			unhold: [...ended],
			unclaim: [...claimed].filter(minute => !ended.has(minute)),
			reset: settled.resets.has(doctorId),
		})
		claimed.clear()
	}

	/** Takes slots that are no longer held off their holders' counts; one that cannot be corrected corrects itself when the hold would have run out. */
	function forgetHolds(ended: readonly EndedHold[]): void {
		for (const [userId, theirs] of groupBy(ended, hold => hold.userId))
			holds
				.forget(
					userId,
					theirs.map(({ doctorId, startMinute }) => slotId(doctorId, startMinute)),
				)
				.catch(() => {})
	}
}

/** Many book without a hold, and have nothing on their count. */
function endedHoldsMet(batch: Batch, { endedHolds }: Settled): EndedHold[] {
	return endedHolds.filter(
		({ doctorId, startMinute, userId }) => batch.parcels.get(doctorId)?.seen.holders.get(startMinute)?.userId === userId,
	)
}
