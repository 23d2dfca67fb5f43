import type { IncomingMessage } from 'node:http'
import type { Socket as EngineConnection } from 'engine.io'
import type { Server } from 'socket.io'
import { clientAddress, networkOf } from '../security/client-address.ts'
import type { IsOwnPage } from '../security/own-pages.ts'
import { createBucket, type Limiter } from '../security/rate-limit.ts'
import { cutOff } from './connection.ts'

/**
 * Checks connections before the server keeps anything for them, also those that never say who they are. Refuses connections from
 * foreign pages and too many from one address, and ends those that send without pause. Each node counts its own open connections,
 * because a shared count would outlive a node that dies. Redis counts new connections.
 */
export function createDoor({ isOwnPage, trustedProxies, arrivals }: DoorDeps) {
	/** The number of open connections by network. */
	const open = new Map<string, number>()
	const addresses = new WeakMap<object, string>()
	const maySignIn = new WeakMap<object, () => boolean>()

	const allowRequest: AllowRequest = (req, answer) => {
		if (!isOwnPage(req.headers, hostOf(req, trustedProxies))) return answer('This page may not connect', false)
		if (!arrivals) return answer(null, true)
		const network = networkOf(clientAddress(req, trustedProxies))
		if ((open.get(network) ?? 0) >= maxPerAddress) return answer('Too many connections', false)
		arrivals.consume(network).then(
			() => answer(null, true),
			() => answer('Too many connections', false),
		)
	}

	return {
		allowRequest,
		watch: (engine: Server['engine']) => void engine.on('connection', admit),
		/** Returns the client's address for as long as the connection is open. */
		addressOf: (connection: EngineConnection): string => addresses.get(connection) ?? connection.remoteAddress,
		/** Whether the connection may try to sign in again. Each attempt costs a look-up in the database. */
		maySignIn(connection: EngineConnection): boolean {
			if (!arrivals) return true
			const known = maySignIn.get(connection)
			const mayTry = known ?? createBucket(signInRate)
			if (!known) maySignIn.set(connection, mayTry)
			return mayTry()
		},
	}

	function admit(connection: EngineConnection): void {
		const address = clientAddress(connection.request, trustedProxies)
		addresses.set(connection, address)
		// Nothing else of the connection's first request is needed, and it would be most of an idle socket's memory. See
		// https://socket.io/docs/v4/memory-usage/
		Object.assign(connection, { request: null })
		if (!arrivals) return
		const network = networkOf(address)
		count(network, 1)
		connection.once('close', () => count(network, -1))
		const maySend = createBucket(packetRate)
		connection.on('packet', () => maySend() || cutOff(connection))
	}

	function count(network: string, change: number): void {
		const connections = (open.get(network) ?? 0) + change
		if (connections > 0) open.set(network, connections)
		else open.delete(network)
	}
}

export type DoorDeps = {
	isOwnPage: IsOwnPage
	trustedProxies: number
	/** Limits new connections by address; undefined when limits are off. */
	arrivals: Limiter | undefined
}

type AllowRequest = (req: IncomingMessage, answer: (error: string | null | undefined, allowed: boolean) => void) => void

/**
 * How many open connections one address may have at one node. A company behind one router has fewer, and a node can carry several
 * times as many.
 */
const maxPerAddress = 2000
/**
 * Packets of any kind on one connection. Events over their own limit are still answered with a refusal; a client that exceeds this
 * limit too ignores those answers.
 */
const packetRate = { perSecond: 200, burst: 6000 }
/**
 * Sign-ins of one connection. A connection signs in when it opens, again after its token was refused, and with a new token every
 * quarter of an hour.
 */
const signInRate = { perSecond: 1 / 60, burst: 20 }

/** Returns the host that the browser asked for. */
function hostOf({ headers }: IncomingMessage, trustedProxies: number): string | undefined {
	const forwarded =
		trustedProxies > 0
			? String(headers['x-forwarded-host'] ?? '')
					.split(',')[0]
					?.trim()
			: undefined
	return forwarded || headers.host
}
