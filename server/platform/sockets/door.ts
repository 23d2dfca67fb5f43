import type { IncomingMessage } from 'node:http'
import type { Server } from 'socket.io'
import { networkOf } from '../network.ts'
import type { Limiter } from '../rate-limit.ts'

/** Connections of one address at one node: a company behind one router is below it, and a node carries several times as many. */
const maxPerAddress = 2000

type AllowRequest = (req: IncomingMessage, answer: (error: string | null | undefined, allowed: boolean) => void) => void

/**
 * Counts connections by address before anything is kept for them, those included that never say who they are. How many there
 * are is counted by each node for itself: a shared count would outlive a node that dies. How many come is counted in Redis.
 */
export const createDoor = ({ addressOf, arrivals }: { addressOf: (req: IncomingMessage) => string; arrivals: Limiter }) => {
	const open = new Map<string, number>()
	const change = (network: string, by: number) => {
		const count = (open.get(network) ?? 0) + by
		if (count > 0) open.set(network, count)
		else open.delete(network)
	}

	const allowRequest: AllowRequest = (req, answer) => {
		const network = networkOf(addressOf(req))
		if ((open.get(network) ?? 0) >= maxPerAddress) return answer('Too many connections', false)
		arrivals.consume(network).then(
			() => answer(null, true),
			() => answer('Too many connections', false),
		)
	}

	return {
		allowRequest,
		watch: (engine: Server['engine']) => {
			engine.on('connection', (connection: { request: IncomingMessage; once(event: 'close', listener: () => void): void }) => {
				const network = networkOf(addressOf(connection.request))
				change(network, 1)
				connection.once('close', () => change(network, -1))
			})
		},
	}
}
