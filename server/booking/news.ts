import type { Log } from '../platform/log.ts'
import { publish, type Redis } from '../platform/redis.ts'
import { type LiveServer, staffRoom, userRoom } from '../platform/sockets/server.ts'
import type { Subscriber } from '../platform/subscriber.ts'
import type { Happening } from './outcome.ts'

export type NewsDeps = { io: LiveServer; redis: Redis; subscriber: Subscriber; nodeId: string; log: Log }

const channel = 'appointments'

const roomsOf = ({ patientUserId, doctorIds }: Happening): string[] => [
	staffRoom,
	...doctorIds.map(userRoom),
	...(patientUserId ? [userRoom(patientUserId)] : []),
]

type News = Pick<Happening, 'appointment' | 'change'>

/** A line each: the rooms, which have no spaces and no braces in their names, then what they are told. */
const encode = (happenings: readonly Happening[]): string =>
	happenings
		.map(happening => {
			const { appointment, change } = happening
			return `${roomsOf(happening).join(' ')} ${JSON.stringify({ appointment, change } satisfies News)}`
		})
		.join('\n')

/**
 * Tells the people concerned what happened to appointments, on whichever node their sockets are. Other nodes get one message
 * a batch, and decode what concerns their sockets; with the adapter's broadcasts it would be a message an appointment, each
 * decoded by every node.
 */
export const createNews = async ({ io, redis, subscriber, nodeId, log }: NewsDeps) => {
	const { rooms: here } = io.of('/').adapter

	const tellHere = (rooms: readonly string[], news: () => News) => {
		const concerned = rooms.filter(room => here.has(room))
		if (concerned.length > 0) io.local.to(concerned).emit('appointment:changed', news())
	}

	const onMessage = (from: string, text: string) => {
		if (from !== channel) return
		const [sender, ...lines] = text.split('\n')
		if (sender === nodeId) return
		for (const line of lines) {
			const at = line.indexOf('{')
			tellHere(line.slice(0, at - 1).split(' '), () => JSON.parse(line.slice(at)) as News)
		}
	}
	subscriber.on('message', onMessage)
	await subscriber.subscribe(channel)

	return {
		/** Who cannot be reached learns of it when they look next. */
		tell(happenings: readonly Happening[]) {
			if (happenings.length === 0) return
			for (const happening of happenings) {
				const { appointment, change } = happening
				tellHere(roomsOf(happening), () => ({ appointment, change }))
			}
			publish(redis, channel, `${nodeId}\n${encode(happenings)}`).catch(error =>
				log.debug({ reason: error.message }, 'other nodes were not told'),
			)
		},
		stop: () => void subscriber.off('message', onMessage),
	}
}
