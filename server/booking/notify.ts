import { staffRoom, userRoom } from '../identity/actor.ts'
import { type LiveServer, preparedPayload } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import { publish, type Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import type { Happening } from './requests.ts'

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
