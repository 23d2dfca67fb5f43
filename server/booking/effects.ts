import { staffRoom, userRoom } from '../identity/actor.ts'
import { groupBy } from '../platform/group-by.ts'
import { type LiveServer, preparedPayload } from '../platform/live/server.ts'
import { FencedOff } from '../platform/mailbox/lease.ts'
import type { Replies } from '../platform/mailbox/replies.ts'
import type { Log } from '../platform/observability/log.ts'
import { publish, type Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import type { Holds } from '../slots/holds.ts'
import { slotId } from '../slots/slot-id.ts'
import type { BookingObserver } from './observe.ts'
import type { EndedHold, Settled } from './outcomes.ts'
import { type Batch, type Happening, type Outcome, parcelOf } from './requests.ts'

/**
 * Makes a committed batch known: updates holders' counts, publishes slots, answers callers, notifies people, wakes reminders. The
 * mailbox's own script publishes and removes the requests together, so the next batch finds and publishes whatever this one could
 * not. Callers are answered even when publishing fails, because their outcomes are in the database.
 */
export function createEffects({ replies, holds, notify, wakeReminders, tellOffers, observe }: EffectsDeps): Effects {
	return {
		async follow(batch, settled) {
			observe.settled(batch, settled.outcomes)
			forgetHolds(endedHoldsMet(batch, settled))
			const publishing = publishAll(batch, settled)
			replies.deliver(settled.outcomes.map(({ request, outcome }) => ({ to: request.node, messageId: request.id, outcome })))
			const fenced = await publishing
			observe.published(batch)
			notify(settled.happenings.filter(({ doctorIds }) => !doctorIds.some(doctorId => fenced.has(doctorId))))
			if (settled.offersChanged || settled.happenings.some(({ change }) => change !== 'status')) wakeReminders()
			if (settled.offersChanged) tellOffers()
			if (fenced.size > 0) throw new FencedOff()
		},
	}

	/** Publishes for every doctor of the batch. Returns the doctors whose lease has passed to another node, which publishes instead. */
	async function publishAll(batch: Batch, settled: Settled): Promise<Set<string>> {
		await Promise.all(settled.elsewhere.map(announcement => batch.post(announcement.doctorId, announcement)))
		const doctorIds = new Set(batch.entries.map(({ key }) => key))
		const published = await Promise.allSettled([...doctorIds].map(doctorId => publishCalendar(batch, settled, doctorId)))
		const fenced = new Set<string>()
		for (const [index, doctorId] of [...doctorIds].entries()) {
			const each = published[index]
			if (each?.status !== 'rejected') continue
			if (!(each.reason instanceof FencedOff)) throw each.reason
			fenced.add(doctorId)
		}
		return fenced
	}

	async function publishCalendar(batch: Batch, settled: Settled, doctorId: string): Promise<void> {
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

	/**
	 * Removes ended holds from their holders' counts. A count that cannot be corrected now corrects itself when the hold would have
	 * expired.
	 */
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

/** Does what follows a commit. */
export type Effects = {
	/**
	 * @throws FencedOff when another node has the lease and publishes the rest; an error of Redis, after which the requests are still
	 * in their mailboxes
	 */
	follow(batch: Batch, settled: Settled): Promise<void>
}

export type EffectsDeps = {
	replies: Pick<Replies<Outcome>, 'deliver'>
	holds: Pick<Holds, 'forget'>
	notify: Notify['people']
	/** Called when the ledger has messages that are due at once. */
	wakeReminders: () => void
	/** Called when offers were made or ended. */
	tellOffers: () => void
	observe: Pick<BookingObserver, 'settled' | 'published'>
}

/** Leaves out slots that were booked without a hold, since no count has them. */
function endedHoldsMet(batch: Batch, { endedHolds }: Settled): EndedHold[] {
	return endedHolds.filter(
		({ doctorId, startMinute, userId }) => batch.parcels.get(doctorId)?.seen.holders.get(startMinute)?.userId === userId,
	)
}

/**
 * Notifies the people concerned of changed appointments, through whichever node has their sockets. Other nodes get one message for
 * each batch and forward its lines unparsed. The adapter's broadcasts would send a message for each appointment, and every node would
 * decode each of them.
 */
export async function createNotify({ io, redis, subscriber, nodeId, log }: NotifyDeps): Promise<Notify> {
	const { rooms: roomsHere } = io.of('/').adapter
	subscriber.on('message', onMessage)
	await subscriber.subscribe(channel)

	return {
		people(happenings) {
			if (happenings.length === 0) return
			const lines = happenings.map(lineOf)
			for (const line of lines) tellHere(line)
			publish(redis, channel, [nodeId, ...lines].join('\n')).catch(error =>
				log.debug({ reason: error.message }, 'other nodes were not told'),
			)
		},
		stop: () => void subscriber.off('message', onMessage),
	}

	function onMessage(from: string, text: string): void {
		if (from !== channel) return
		const [sender, ...lines] = text.split('\n')
		if (sender !== nodeId) for (const line of lines) tellHere(line)
	}

	function tellHere(line: string): void {
		const jsonFrom = line.indexOf('{')
		const rooms = line.slice(0, jsonFrom - 1).split(' ')
		const concerned = rooms.filter(room => roomsHere.has(room))
		if (concerned.length > 0)
			io.local.to(concerned).emit('appointment:changed', preparedPayload<'appointment:changed'>(line.slice(jsonFrom)))
	}
}

export type Notify = {
	/** Notifies the patient, the doctors and the staff. People without an open socket see the change when they next look. */
	people(happenings: readonly Happening[]): void
	stop(): void
}

export type NotifyDeps = { io: LiveServer; redis: Redis; subscriber: Subscriber; nodeId: string; log: Log }

const channel = 'appointments'

/** A line for other nodes: the rooms, whose names have no spaces and no braces, then the JSON that their sockets are sent. */
function lineOf({ appointment, change, patientUserId, doctorIds }: Happening): string {
	const rooms = [staffRoom, ...doctorIds.map(userRoom), ...(patientUserId ? [userRoom(patientUserId)] : [])]
	return `${rooms.join(' ')} ${JSON.stringify({ appointment, change })}`
}
