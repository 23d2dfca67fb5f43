import type { Socket } from 'socket.io'
import type { RoomChanged } from '../../contract/index.ts'
import type { Feed, FeedMessage } from '../platform/live/feed.ts'
import type { LiveServer } from '../platform/live/server.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Line, Lines, RoomRef } from './line.ts'
import { seenBy, topicOf, type Viewer } from './rooms.ts'

/**
 * This node's sockets that watch lines. A number on a line's feed says only that the line changed: it is then read once and each socket
 * is sent the whole of what it may see, under all numbers since its last. So a lost message needs no repair of its own, and a watcher
 * that is told twice is told the same.
 */
export function createRoomWatchers({ io, feed, lines, publish, log }: WatchersDeps) {
	const rooms = new Map<string, Room>()
	const ageing = setInterval(() => void Promise.all([...rooms.values()].map(age)), ageEveryMs)
	ageing.unref()

	return {
		/**
		 * @returns the line, and a function that starts to send what follows it; to be called once the answer was sent
		 * @throws Refusal rate_limited when the socket already watches too many lines
		 */
		async join(socket: Socket, ref: RoomRef, viewer: Viewer) {
			const topic = topicOf(ref)
			const watched = watchedBy(socket)
			if (!watched.has(topic) && watched.size >= maxRooms) throw new Refusal('rate_limited', { message: `At most ${maxRooms} lines` })
			const room = rooms.get(topic) ?? open(topic, ref)
			const watch: Watch = { viewer, version: undefined }
			room.watches.set(socket, watch)
			watched.add(topic)
			try {
				await room.following
				const read = await fresh(room)
				if (socket.disconnected) leave(socket, topic)
				const follow = () => {
					if (room.watches.get(socket) !== watch) return
					watch.version = read.version
					tell(room, socket, watch)
				}
				return { version: read.version, entries: seenBy(viewer, read.line), follow }
			} catch (error) {
				if (room.watches.get(socket) === watch) leave(socket, topic)
				throw error
			}
		},
		leave: (socket: Socket, ref: RoomRef) => leave(socket, topicOf(ref)),
		leaveAll(socket: Socket) {
			for (const topic of [...watchedBy(socket)]) leave(socket, topic)
		},
		/** Ends what the socket watched as another caller. */
		callerChanged(socket: Socket, viewer: () => Viewer) {
			for (const topic of [...watchedBy(socket)]) {
				const room = rooms.get(topic)
				const watch = room?.watches.get(socket)
				if (!room || !watch || watch.viewer.kind === 'screen' || watch.viewer.kind === 'link') continue
				try {
					watch.viewer = viewer()
				} catch {
					leave(socket, topic)
				}
			}
		},
		/** Screens that watch at this node. */
		screens(): Map<string, Socket[]> {
			const found = new Map<string, Socket[]>()
			for (const { watches } of rooms.values())
				for (const [socket, { viewer }] of watches)
					if (viewer.kind === 'screen') found.set(viewer.screenId, [...(found.get(viewer.screenId) ?? []), socket])
			return found
		},
		deliver({ topic, to }: FeedMessage) {
			const room = rooms.get(topic)
			if (!room) return
			room.wanted = Math.max(room.wanted, to)
			void refresh(room)
		},
		counts: () => ({ rooms: rooms.size, watchers: [...rooms.values()].reduce((sum, { watches }) => sum + watches.size, 0) }),
		stop() {
			clearInterval(ageing)
			for (const { retry } of rooms.values()) clearTimeout(retry)
			rooms.clear()
		},
	}

	function open(topic: string, ref: RoomRef): Room {
		const room: Room = { ref, topic, watches: new Map(), following: feed.follow(topic), wanted: 0, last: undefined, reading: undefined }
		rooms.set(topic, room)
		room.following.catch(() => {
			for (const socket of [...room.watches.keys()]) leave(socket, topic)
		})
		return room
	}

	function leave(socket: Socket, topic: string) {
		const room = rooms.get(topic)
		watchedBy(socket).delete(topic)
		if (!room?.watches.delete(socket) || room.watches.size > 0) return
		clearTimeout(room.retry)
		rooms.delete(topic)
		feed.unfollow(topic)
	}

	/** The line with a version that is not newer than it. Sockets that join at once share what is read. */
	async function fresh(room: Room): Promise<Read> {
		const version = await feed.version(room.topic)
		if (room.last && room.last.version >= version && performance.now() - room.last.atMs < sharedForMs) return room.last
		await read(room, version)
		return room.last as Read
	}

	/** Reads once more if a number arrived while reading. */
	async function refresh(room: Room): Promise<void> {
		if (room.reading) return
		try {
			while (rooms.get(room.topic) === room && room.wanted > (room.last?.version ?? 0)) {
				room.reading = read(room, room.wanted)
				await room.reading
			}
		} catch (error) {
			log.debug({ topic: room.topic, reason: (error as Error).message }, 'line could not be read; tried again')
			clearTimeout(room.retry)
			room.retry = setTimeout(() => void refresh(room), retryMs).unref()
		} finally {
			room.reading = undefined
		}
	}

	async function read(room: Room, version: number): Promise<void> {
		const line = await lines.read(room.ref)
		if (version < (room.last?.version ?? 0)) return
		room.last = { version, line, atMs: performance.now() }
		for (const [socket, watch] of room.watches) tell(room, socket, watch)
	}

	function tell({ ref, last }: Room, socket: Socket, watch: Watch) {
		if (!last || watch.version === undefined || watch.version >= last.version) return
		const changed: RoomChanged = {
			...(ref.of === 'doctor' ? { doctorId: ref.id } : { siteId: ref.id }),
			fromVersion: watch.version + 1,
			toVersion: last.version,
			entries: seenBy(watch.viewer, last.line),
		}
		watch.version = last.version
		io.local.to(socket.id).emit('room:changed', changed)
	}

	/** Waits pass and days end without a change: the line is read again, and published if it looks different. */
	async function age(room: Room): Promise<void> {
		if (!room.last || room.reading) return
		try {
			const line = await lines.read(room.ref)
			if (room.last && JSON.stringify(line) !== JSON.stringify(room.last.line)) await publish(room.ref)
		} catch (error) {
			log.debug({ topic: room.topic, reason: (error as Error).message }, 'line could not be read')
		}
	}
}

export type RoomWatchers = ReturnType<typeof createRoomWatchers>

export type WatchersDeps = {
	io: LiveServer
	feed: Pick<Feed, 'follow' | 'unfollow' | 'version'>
	lines: Lines
	/** Takes the next number of the line. */
	publish: (room: RoomRef) => Promise<void>
	log: Log
}

/** A desk of every doctor of a large site. */
const maxRooms = 60
const ageEveryMs = 20_000
const retryMs = 500
const sharedForMs = 5000

type Room = {
	ref: RoomRef
	topic: string
	watches: Map<Socket, Watch>
	following: Promise<void>
	/** The last number that arrived. */
	wanted: number
	last: Read | undefined
	reading: Promise<void> | undefined
	retry?: NodeJS.Timeout
}

type Read = { version: number; line: Line; atMs: number }

/** Without a version until the socket has its snapshot. */
type Watch = { viewer: Viewer; version: number | undefined }

const watchedBy = (socket: Socket): Set<string> => (socket.data.rooms ??= new Set<string>())
