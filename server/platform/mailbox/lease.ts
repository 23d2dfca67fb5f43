import { randomBytes } from 'node:crypto'
// @ts-expect-error redlock's package.json exports name no types for NodeNext; the part that is used is typed here.
import RedlockModule, { Lock as LockOfModule } from 'redlock'
import { type Redis, readLua } from '../redis/redis.ts'

/**
 * A lease on a key. `token` is the key's value while the lease lasts: a script that compares it does nothing for a node
 * whose lease has passed to another.
 */
export type Lease = {
	key: string
	token: string
	leaseMs: number
	/** Lets go of the lease if this node has it. Never rejects. */
	release(): Promise<void>
}

export type Leases = {
	/** A lease that nobody has yet. A script takes it with `lease_take` of lease.lua. */
	propose(key: string): Lease
}

/** Functions for scripts that take a lease, or do something only under it; to be put before their text. */
export const leaseLua = readLua('lease.lua', import.meta.url)

/** The lease has passed to another node: what is left to do is done there. */
export class FencedOff extends Error {}

/**
 * Leases by Redlock, an optimisation as every lease is: it spares work, and what must be true is true without it.
 * See https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html.
 */
export function createLeases({ redis, leaseMs }: { redis: Redis; leaseMs: number }): Leases {
	const redlock = new RedlockClass([redis], { retryCount: 0 })
	// Redlock reports every lost vote here, too; a release that fails needs no more than the lease's own end.
	redlock.on('error', () => {})
	// What no other node's tokens begin with: random bytes are too dear for each of thousands of proposals a second.
	const tokenPrefix = randomBytes(16).toString('hex')
	let proposed = 0

	return {
		propose(key) {
			const token = `${tokenPrefix}-${++proposed}`
			const lock = new LockClass(redlock, [key], token, [], Date.now() + leaseMs)
			// A lease that has lapsed, or a Redis that is away, leaves nothing to release.
			const release = async () => void (await lock.release().catch(() => {}))
			return { key, token, leaseMs, release }
		},
	}
}

type RedlockLock = { release(): Promise<unknown> }
type Redlock = { on(event: 'error', listener: (error: Error) => void): void }
const RedlockClass = RedlockModule as new (clients: Redis[], settings: Record<string, number>) => Redlock
const LockClass = LockOfModule as new (redlock: Redlock, keys: string[], token: string, attempts: [], expiresAtMs: number) => RedlockLock
