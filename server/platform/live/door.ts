import type { IncomingMessage } from 'node:http'
import type { Server } from 'socket.io'
import { createBucket } from '../security/bucket.ts'
import { networkOf } from '../security/network.ts'
import type { IsOwnPage } from '../security/own-pages.ts'
import type { Limiter } from '../security/rate-limit.ts'
import { type Connection, cutOff } from './connection.ts'
import { clientOf, hostOf } from './handshake.ts'

/** Connections of one address at one node: a company behind one router is below it, and a node carries several times as many. */
const maxPerAddress = 2000
/**
 * Packets of one connection, of whatever kind. Events over their own limit are still answered, with a refusal; whoever goes on for
 * so long does not listen to answers.
 */
const packetRate = { perSecond: 200, burst: 6000 }
/** A client signs in once a connection, and again after its token was turned down. */
const maxSignIns = 20

type AllowRequest = (req: IncomingMessage, answer: (error: string | null | undefined, allowed: boolean) => void) => void

export type DoorDeps = {
	isOwnPage: IsOwnPage
	trustedProxies: number
	/** Connections that arrive, by address; undefined when limits are off. */
	arrivals: Limiter | undefined
}

/**
 * Looks at connections before anything is kept for them, those included that never say who they are: none come from foreign pages,
 * not too many from one address, and none that never stops. How many there are is counted by each node for itself: a shared count
 * would outlive a node that dies. How many come is counted in Redis.
 */
export const createDoor = ({ isOwnPage, trustedProxies, arrivals }: DoorDeps) => {
	const open = new Map<string, number>()
	const signIns = new WeakMap<object, number>()

	const networkFrom = ({ headers, socket }: IncomingMessage) =>
		networkOf(clientOf({ headers, address: socket.remoteAddress ?? '' }, trustedProxies))
	const change = (network: string, by: number) => {
		const count = (open.get(network) ?? 0) + by
		if (count > 0) open.set(network, count)
		else open.delete(network)
	}

	const allowRequest: AllowRequest = (req, answer) => {
		if (!isOwnPage(req.headers, hostOf(req, trustedProxies))) return answer('This page may not connect', false)
		if (!arrivals) return answer(null, true)
		const network = networkFrom(req)
		if ((open.get(network) ?? 0) >= maxPerAddress) return answer('Too many connections', false)
		arrivals.consume(network).then(
			() => answer(null, true),
			() => answer('Too many connections', false),
		)
	}

	return {
		allowRequest,
		watch: (engine: Server['engine']) => {
			if (!arrivals) return
			engine.on('connection', (connection: Connection) => {
				const network = networkFrom(connection.request)
				change(network, 1)
				connection.once('close', () => change(network, -1))
				const mayGoOn = createBucket(packetRate)
				connection.on('packet', () => mayGoOn() || cutOff(connection))
			})
		},
		/** Whether a connection may try to sign in once more: each try is looked up in the database. */
		maySignIn: (connection: object): boolean => {
			const tries = (signIns.get(connection) ?? 0) + 1
			signIns.set(connection, tries)
			return !arrivals || tries <= maxSignIns
		},
	}
}
