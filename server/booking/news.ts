import { staffRoom, userRoom } from '../identity/rooms.ts'
import { type LiveServer, preparedPayload } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import { publish, type Redis } from '../platform/redis/redis.ts'
import type { Subscriber } from '../platform/redis/subscriber.ts'
import type { Happening } from './outcome.ts'

export type NewsDeps = { io: LiveServer; redis: Redis; subscriber: Subscriber; nodeId: string; log: Log }

const channel = 'appointments'

const roomsOf = ({ patientUserId, doctorIds }: Happening): string[] => [
	staffRoom,
	...doctorIds.map(userRoom),
	...(patientUserId ? [userRoom(patientUserId)] : []),
]

/** Who is told, and what, as JSON: written once, and sent on as it is. */
type News = { rooms: string[]; json: string }

const newsOf = (happening: Happening): News => {
	const { appointment, change } = happening
	return { rooms: roomsOf(happening), json: JSON.stringify({ appointment, change }) }
}

/** A line each: the rooms, which have no spaces and no braces in their names, then what they are told. */
const encode = (news: readonly News[]): string => news.map(({ rooms, json }) => `${rooms.join(' ')} ${json}`).join('\n')

const decode = (line: string): News => {
	const at = line.indexOf('{')
	return { rooms: line.slice(0, at - 1).split(' '), json: line.slice(at) }
}

/**
 * Tells the people concerned what happened to appointments, on whichever node their sockets are. Other nodes get one message
 * a batch, and hand on what concerns their sockets without reading it; with the adapter's broadcasts it would be a message an
 * appointment, each decoded by every node.
 */
export const createNews = async ({ io, redis, subscriber, nodeId, log }: NewsDeps) => {
	const { rooms: here } = io.of('/').adapter

	const tellHere = ({ rooms, json }: News) => {
		const concerned = rooms.filter(room => here.has(room))
		if (concerned.length > 0) io.local.to(concerned).emit('appointment:changed', preparedPayload<'appointment:changed'>(json))
	}

	const onMessage = (from: string, text: string) => {
		if (from !== channel) return
		const [sender, ...lines] = text.split('\n')
		if (sender !== nodeId) for (const line of lines) tellHere(decode(line))
	}
	subscriber.on('message', onMessage)
	await subscriber.subscribe(channel)

	return {
		/** Who cannot be reached learns of it when they look next. */
		tell(happenings: readonly Happening[]) {
			if (happenings.length === 0) return
			const news = happenings.map(newsOf)
			for (const each of news) tellHere(each)
			publish(redis, channel, `${nodeId}\n${encode(news)}`).catch(error =>
				log.debug({ reason: error.message }, 'other nodes were not told'),
			)
		},
		stop: () => void subscriber.off('message', onMessage),
	}
}
