import type { IncomingMessage } from 'node:http'
import type { Socket as EngineConnection } from 'engine.io'
import type { Server } from 'socket.io'
import { createBucket } from '../security/bucket.ts'
import { clientAddress, networkOf } from '../security/client-address.ts'
import type { IsOwnPage } from '../security/own-pages.ts'
import type { Limiter } from '../security/rate-limit.ts'
import { cutOff } from './connection.ts'

export type DoorDeps = {
	isOwnPage: IsOwnPage
	trustedProxies: number
	/** Counts arriving connections by address; undefined when limits are off. */
	arrivals: Limiter | undefined
}

type AllowRequest = (req: IncomingMessage, answer: (error: string | null | undefined, allowed: boolean) => void) => void

/** Open connections of one address at one node: a company behind one router has fewer, and a node carries several times as many. */
const maxPerAddress = 2000
/**
 * Packets of one connection, of whatever kind. Events over their own limit are still answered, with a refusal; a client that goes on
 * for so long does not listen to answers.
 */
const packetRate = { perSecond: 200, burst: 6000 }
/** A connection signs in when it opens, again after its token was turned down, and then with a new token each quarter of an hour. */
const signInRate = { perSecond: 1 / 60, burst: 20 }

/**
 * Judges connections before anything is kept for them, those included that never say who they are: none come from foreign pages,
 * not too many from one address, and none sends without end. Each node counts its open connections for itself, because a shared
 * count would outlive a node that dies. Redis counts the arriving ones.
 */
export function createDoor({ isOwnPage, trustedProxies, arrivals }: DoorDeps) {
	/** Open connections by network. */
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
		/** The address of a connection's client, for as long as the connection is open. */
		addressOf: (connection: EngineConnection): string => addresses.get(connection) ?? connection.remoteAddress,
		/** Whether a connection may try to sign in once more: each try is looked up in the database. */
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
		// Nothing else of its first request is needed. Kept, it would be most of an idle socket's memory.
		// See https://socket.io/docs/v4/memory-usage/
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

/** The host that the browser asked for. */
function hostOf({ headers }: IncomingMessage, trustedProxies: number): string | undefined {
	const forwarded =
		trustedProxies > 0
			? String(headers['x-forwarded-host'] ?? '')
					.split(',')[0]
					?.trim()
			: undefined
	return forwarded || headers.host
}
