import type { Socket } from 'socket.io'
import { endpoints } from '../../contract/index.ts'
import { signedIn } from '../identity/actor.ts'
import { actorOf, type EventHandlers, type Route, route } from '../identity/handlers.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Metrics } from '../platform/observability/metrics.ts'
import type { Holds } from './holds.ts'

export type HoldsApiDeps = {
	holds: Holds
	log: Log
	metrics: Metrics
	/** Counts a hold against the address that it comes from. @throws Refusal rate_limited */
	limit: (ip: string) => Promise<void>
	/** Whether the account has another socket, on whichever node. */
	isElsewhere: (userId: string) => Promise<boolean>
}

export type HoldsApi = {
	routes: Route[]
	handlers: Pick<EventHandlers, 'slot:hold' | 'slot:release'>
	connected(socket: Socket): void
	disconnected(socket: Socket): void
	stop(): void
}

/** While something is held, so that its end is told in time. */
const sweepEveryMs = 200
/** While nothing is: no hold is so short that it could end before the next sweep finds it. */
const lookEveryMs = 600

/** Holds over HTTP and sockets, the sweep that frees them, and what becomes of them when their holder disconnects. */
export function createHoldsApi({ holds, log, metrics, limit, isElsewhere }: HoldsApiDeps): HoldsApi {
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
			route(endpoints.releaseHold, ({ params }, actor) => holds.release(actor, params.id)),
		],
		handlers: {
			'slot:hold': async (payload, { actor, socket, origin }) => {
				const holder = signedIn(actor)
				await limit(origin.ip)
				const hold = await holds.place(holder, payload, { throughSocket: true })
				// The holder went while this was placed, and `disconnected` has been called.
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
		// A holder who came back just now ended a grace that had not begun.
		if (await isElsewhere(userId)) await holds.endGrace(userId)
	}

	function sweepIn(ms: number) {
		if (stopped) return
		sweeper = setTimeout(() => quietly(sweep()), ms)
		sweeper.unref()
	}

	async function sweep() {
		// Redis may be away with something held in it.
		let isHeld = true
		try {
			isHeld = await holds.sweep()
		} finally {
			sweepIn(isHeld ? sweepEveryMs : lookEveryMs)
		}
	}
}
