import type { Socket } from 'socket.io'
import { endpoints } from '../../contract/index.ts'
import { signedIn } from '../identity/actor.ts'
import { actorOf, type EventHandlers, publicRoute, type Route, route } from '../identity/handlers.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import { createAnyDoctor } from './any-doctor.ts'
import { createHoldScripts } from './board.ts'
import { type CalendarDeps, createCalendar } from './calendar.ts'
import { createGuestHolds, type GuestHoldsDeps } from './guest-holds.ts'
import { createHolds, type Holds, type HoldsDeps } from './holds.ts'

/** Creates the short-lived parts of slots: holds and watchers. */
export function createSlots(deps: SlotsDeps) {
	const calendar = createCalendar({ ...deps, readHolds: createHoldScripts(deps.redis).read })
	const holds = createHolds({ ...deps, knownVersion: calendar.knownVersion })
	const anyDoctor = createAnyDoctor({ ...deps, holds })
	const holdsApi = createHoldsApi({ ...deps, holds, anyDoctor })
	return {
		holds,
		nextFree: calendar.nextFree,
		routes: [...calendar.routes, ...holdsApi.routes, ...createGuestHolds({ ...deps, holds }).routes],
		handlers: { ...calendar.handlers, ...holdsApi.handlers },
		connected: holdsApi.connected,
		callerChanged: calendar.callerChanged,
		disconnected(socket: Parameters<typeof holdsApi.disconnected>[0]) {
			holdsApi.disconnected(socket)
			calendar.disconnected(socket)
		},
		async stop() {
			holdsApi.stop()
			await calendar.stop()
		},
	}
}

export type SlotsDeps = Omit<CalendarDeps, 'readHolds'> &
	Omit<HoldsDeps, 'knownVersion'> &
	Omit<HoldsApiDeps, 'holds' | 'anyDoctor'> &
	Omit<GuestHoldsDeps, 'holds'>

export type HoldsApiDeps = {
	holds: Holds
	anyDoctor: ReturnType<typeof createAnyDoctor>
	log: Log
	metrics: Metrics
	/** Counts a hold against its caller's address. @throws Refusal rate_limited */
	limit: (ip: string) => Promise<void>
	/** Whether the account has another socket, on any node. */
	isElsewhere: (userId: string) => Promise<boolean>
}

export type HoldsApi = {
	routes: Route[]
	handlers: Pick<EventHandlers, 'slot:hold' | 'slot:hold-any' | 'slot:release'>
	connected(socket: Socket): void
	disconnected(socket: Socket): void
	stop(): void
}

/** The pause between sweeps while holds exist, so that their end is published in time. */
const sweepEveryMs = 200
/** The pause while none exist. Every hold lasts long enough for the next sweep to find it first. */
const lookEveryMs = 600

/** Creates holds over HTTP and sockets, the sweep that removes expired holds, and the grace of holders who disconnect. */
export function createHoldsApi({ holds, anyDoctor, log, metrics, limit, isElsewhere }: HoldsApiDeps): HoldsApi {
	metrics.sampled('holds', 'Slots held now, over all nodes', holds.count)

	let sweeper: NodeJS.Timeout | undefined
	let stopped = false
	sweepIn(sweepEveryMs)

	return {
		routes: [
			route(endpoints.placeHold, async ({ params, body, origin }, actor) => {
				await limit(origin.ip)
				return await holds.place(actor, { slotId: params.id, typeId: body.typeId })
			}),
			publicRoute(endpoints.listAvailability, ({ query }, actor) => anyDoctor.list(actor, query)),
			route(endpoints.holdAny, async ({ body, origin }, actor) => {
				await limit(origin.ip)
				return await anyDoctor.hold(actor, body)
			}),
			route(endpoints.releaseHold, ({ params }, actor) => holds.release(actor, params.id)),
		],
		handlers: {
			'slot:hold': async (payload, { actor, socket, origin }) => {
				const holder = signedIn(actor)
				await limit(origin.ip)
				const hold = await holds.place(holder, payload, { throughSocket: true })
				// The holder disconnected while the hold was being placed, after `disconnected` was called.
				if (socket.disconnected) quietly(loseHolder(holder.userId))
				return { hold }
			},
			'slot:hold-any': async (payload, { actor, socket, origin }) => {
				const holder = signedIn(actor)
				await limit(origin.ip)
				const hold = await anyDoctor.hold(holder, payload, { throughSocket: true })
				if (socket.disconnected) quietly(loseHolder(holder.userId))
				return { hold }
			},
			'slot:release': async ({ slotId }, { actor }) => {
				await holds.release(signedIn(actor), slotId)
				return {}
			},
		},
		connected(socket) {
			const actor = actorOf(socket)
			if (actor) quietly(holds.endGrace(actor.userId))
		},
		disconnected(socket) {
			const actor = actorOf(socket)
			if (actor) quietly(loseHolder(actor.userId))
		},
		stop() {
			stopped = true
			clearTimeout(sweeper)
		},
	}

	function quietly(work: Promise<unknown>) {
		return void work.catch(error => log.debug({ reason: (error as Error).message }, 'hold upkeep failed'))
	}

	async function loseHolder(userId: string) {
		if (!(await holds.mayHold(userId)) || (await isElsewhere(userId))) return
		await holds.beginGrace(userId)
		// A holder who reconnected meanwhile ended a grace that had not begun yet.
		if (await isElsewhere(userId)) await holds.endGrace(userId)
	}

	function sweepIn(ms: number) {
		if (stopped) return
		sweeper = setTimeout(() => quietly(sweep()), ms)
		sweeper.unref()
	}

	async function sweep() {
		// Without an answer of Redis, holds may exist.
		let isHeld = true
		try {
			isHeld = await holds.sweep()
		} finally {
			sweepIn(isHeld ? sweepEveryMs : lookEveryMs)
		}
	}
}
