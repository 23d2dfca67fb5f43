import type { Socket } from 'socket.io'
import { type Actor, isStaff } from '../identity/actor.ts'
import { actorOf } from '../identity/handlers.ts'
import type { Feed, FeedMessage } from '../platform/live/feed.ts'
import { type LiveServer, preparedPayload } from '../platform/live/server.ts'
import { Refusal } from '../platform/refusal.ts'
import { type View, visibleChanges } from './codec.ts'
import { createFrames, type Frame, partAfter } from './frames.ts'
import type { CalendarObserver } from './observe.ts'
import type { Presence } from './presence.ts'

/**
 * Keeps this node's sockets that watch calendars, and sends each of them every change after its snapshot's version, once and in
 * order.
 */
export function createWatchers({ io, feed, presence, observe, nowMs }: WatchersDeps) {
	const calendars = new Map<string, Watched>()
	const watchesOf = (socket: Socket): Set<string> => (socket.data.watches ??= new Set<string>())

	const frames = createFrames({ send, windowMs: frameWindowMs, observe: observe.lag })

	const report = (doctorId: string, { sockets, joining }: Watched) => presence.set(doctorId, sockets.size + joining.size)

	return {
		/**
		 * Keeps every change from now on for the socket. A snapshot that is taken after this resolves misses no change.
		 *
		 * @throws Refusal rate_limited when the socket already watches too many calendars
		 */
		async join(socket: Socket, doctorId: string): Promise<Joining> {
			const watches = watchesOf(socket)
			if (!watches.has(doctorId) && watches.size >= maxWatches) {
				throw new Refusal('rate_limited', { message: `At most ${maxWatches} calendars can be watched` })
			}
			const watched = calendars.get(doctorId) ?? open(doctorId)
			retract(socket, doctorId, watched)
			const joining: Joining = { frames: [], version: undefined }
			watched.joining.set(socket, joining)
			watches.add(doctorId)
			report(doctorId, watched)
			await watched.following
			// The socket may have disconnected meanwhile.
			if (socket.disconnected) leave(socket, doctorId)
			return joining
		},
		/**
		 * Sends the socket, which has its snapshot, the changes after it. To be called after the acknowledgement was sent. Does
		 * nothing when the socket has left or joined again since.
		 */
		follow(socket: Socket, doctorId: string, joined: Joining, version: number) {
			const watched = calendars.get(doctorId)
			if (!watched || watched.joining.get(socket) !== joined) return
			joined.version = version
			frames.flush(doctorId)
			// The snapshot may be ahead of the changes that have arrived here. The change that reaches its version then admits the
			// socket.
			if (watched.joining.has(socket) && feed.arrived(doctorId) >= version) admit(doctorId, watched, socket, joined)
		},
		leave,
		/** Moves the socket to its caller's present view of each calendar that it watches. */
		showAgain(socket: Socket) {
			for (const doctorId of watchesOf(socket)) {
				if (!calendars.get(doctorId)?.sockets.has(socket)) continue
				const view = viewOf(actorOf(socket), doctorId)
				void socket.leave(roomOf(doctorId, view === 'staff' ? 'public' : 'staff'))
				void socket.join(roomOf(doctorId, view))
			}
		},
		leaveAll(socket: Socket) {
			for (const doctorId of [...watchesOf(socket)]) leave(socket, doctorId)
		},
		deliver: (message: FeedMessage) => frames.add(message),
		/** Counts the calendars and watchers of this node. */
		counts() {
			let watchers = 0
			for (const { sockets, joining } of calendars.values()) watchers += sockets.size + joining.size
			return { calendars: calendars.size, watchers }
		},
		tellPresence(doctorId: string, viewers: number) {
			for (const view of ['public', 'staff'] as const) io.local.to(roomOf(doctorId, view)).emit('calendar:presence', { doctorId, viewers })
		},
		stop() {
			frames.stop()
			for (const { startingOver } of calendars.values()) for (const timer of startingOver.values()) clearTimeout(timer)
		},
	}

	function open(doctorId: string): Watched {
		const watched: Watched = { sockets: new Set(), joining: new Map(), startingOver: new Map(), following: feed.follow(doctorId) }
		calendars.set(doctorId, watched)
		watched.following.catch(() => {
			// No socket has a snapshot yet. Once the last of them has left, the next socket tries to follow again.
			for (const socket of [...watched.joining.keys()]) leave(socket, doctorId)
		})
		return watched
	}

	function leave(socket: Socket, doctorId: string) {
		const watched = calendars.get(doctorId)
		if (!watched || !watchesOf(socket).delete(doctorId)) return
		retract(socket, doctorId, watched)
		report(doctorId, watched)
		if (watched.sockets.size + watched.joining.size > 0) return
		calendars.delete(doctorId)
		frames.forget(doctorId)
		feed.unfollow(doctorId)
	}

	function retract(socket: Socket, doctorId: string, watched: Watched) {
		watched.joining.delete(socket)
		if (!watched.sockets.delete(socket)) return
		// A socket that starts over by itself, or leaves, must not be sent a reset that is older than its snapshot.
		clearTimeout(watched.startingOver.get(socket))
		watched.startingOver.delete(socket)
		void socket.leave(roomOf(doctorId, 'public'))
		void socket.leave(roomOf(doctorId, 'staff'))
	}

	function admit(doctorId: string, watched: Watched, socket: Socket, { frames, version }: Joining) {
		watched.joining.delete(socket)
		watched.sockets.add(socket)
		void socket.join(roomOf(doctorId, viewOf(actorOf(socket), doctorId)))
		presence.greet(doctorId)
		for (const frame of frames) {
			const part = partAfter(frame, version as number)
			if (part) tellOne(socket, part)
		}
	}

	function tellOne(socket: Socket, { doctorId, fromVersion, toVersion, slots }: Frame) {
		const actor = actorOf(socket)
		const changes = visibleChanges(slots, { view: viewOf(actor, doctorId), viewerId: actor?.userId, nowMs: nowMs() }, fromVersion)
		socket.emit('calendar:changed', { doctorId, fromVersion, toVersion, changes })
	}

	function send(frame: Frame) {
		const watched = calendars.get(frame.doctorId)
		if (!watched) return
		const { sockets, joining } = watched
		observe.frame(frame.slots.length)
		if (frame.slots.length === 0) startOver(frame, watched)
		else if (sockets.size > 0) tellAll(frame, sockets)
		for (const [socket, joined] of joining) {
			joined.frames.push(frame)
			if (joined.version !== undefined && frame.toVersion >= joined.version) admit(frame.doctorId, watched, socket, joined)
		}
	}

	/** Makes watchers start over after a skipped number. */
	function startOver(frame: Frame, { sockets, startingOver }: Watched) {
		for (const socket of sockets) {
			if (sockets.size < spreadFrom) tellOne(socket, frame)
			else if (!startingOver.has(socket)) {
				const tell = () => {
					startingOver.delete(socket)
					tellOne(socket, frame)
				}
				startingOver.set(socket, setTimeout(tell, Math.random() * resetSpreadMs).unref())
			}
		}
	}

	/**
	 * Sends a frame. Holders get it separately, because their own holds are marked. All other watchers with the same view share one
	 * encoded frame.
	 */
	function tellAll(frame: Frame, sockets: Set<Socket>) {
		const { doctorId, fromVersion, toVersion, slots } = frame
		const holders = new Set(slots.flatMap(({ holderId }) => holderId ?? []))
		const apart = holders.size === 0 ? [] : [...sockets].filter(socket => holders.has(actorOf(socket)?.userId ?? ''))
		for (const socket of apart) tellOne(socket, frame)
		const ids = apart.map(socket => socket.id)
		for (const view of ['public', 'staff'] as const) {
			const room = roomOf(doctorId, view)
			if (!io.of('/').adapter.rooms.has(room)) continue
			const json = JSON.stringify({
				doctorId,
				fromVersion,
				toVersion,
				changes: visibleChanges(slots, { view, nowMs: nowMs() }, fromVersion),
			})
			io.local.to(room).except(ids).emit('calendar:changed', preparedPayload<'calendar:changed'>(json))
		}
	}
}

export type Watchers = ReturnType<typeof createWatchers>

/** More calendars than any screen shows. Limits how much one socket can make a node follow. */
const maxWatches = 60
/** The pause between frames: too short to notice, long enough for the changes of a burst to share a frame. */
const frameWindowMs = 15
/** After a reset, watchers ask for a fresh snapshot spread over this time. */
const resetSpreadMs = 400
const spreadFrom = 20

/** A socket whose snapshot is on its way. Changes are kept until the snapshot's version is known. */
export type Joining = { frames: Frame[]; version: number | undefined }

type Watched = {
	/** Sockets that have their snapshot. */
	sockets: Set<Socket>
	joining: Map<Socket, Joining>
	/** Sockets that will soon be sent a reset. */
	startingOver: Map<Socket, NodeJS.Timeout>
	following: Promise<void>
}

export type WatchersDeps = {
	nowMs: () => number
	io: LiveServer
	feed: Pick<Feed, 'follow' | 'unfollow' | 'arrived'>
	presence: Presence
	observe: Pick<CalendarObserver, 'frame' | 'lag'>
}

export function viewOf(actor: Actor | null, doctorId: string): View {
	return actor?.status === 'active' && (isStaff(actor) || (actor.role === 'doctor' && actor.userId === doctorId)) ? 'staff' : 'public'
}

const roomOf = (doctorId: string, view: View) => `calendar:${doctorId}:${view}`
