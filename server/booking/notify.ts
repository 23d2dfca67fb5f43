import { staffRoom, userRoom } from '../identity/actor.ts'
import { type LiveServer, preparedPayload } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import { publish, type Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import type { Happening } from './requests.ts'

export type Notify = {
	/** Tells the patient, the doctors and staff. A person who is not reached learns of it when they look next. */
	people(happenings: readonly Happening[]): void
	stop(): void
}

export type NotifyDeps = { io: LiveServer; redis: Redis; subscriber: Subscriber; nodeId: string; log: Log }

/**
 * Tells the people concerned what happened to appointments, on whichever node their sockets are. Other nodes get one message
 * a batch and forward its lines unparsed; with the adapter's broadcasts it would be a message an appointment, each decoded by every node.
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

const channel = 'appointments'

/** The rooms, whose names have no spaces and no braces, then what they are told as JSON. */
function lineOf({ appointment, change, patientUserId, doctorIds }: Happening): string {
	const rooms = [staffRoom, ...doctorIds.map(userRoom), ...(patientUserId ? [userRoom(patientUserId)] : [])]
	return `${rooms.join(' ')} ${JSON.stringify({ appointment, change })}`
}
