import { randomBytes } from 'node:crypto'
// @ts-expect-error redlock's package.json exports name no types for NodeNext; the part that is used is typed here.
import RedlockModule, { Lock as LockOfModule } from 'redlock'
import { type Redis, readLua } from '../redis/redis.ts'

/**
 * Leases by Redlock. They only save work: correctness does not depend on them. See
 * https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html.
 */
export function createLeases({ redis, leaseMs }: { redis: Redis; leaseMs: number }): Leases {
	const redlock = new RedlockClass([redis], { retryCount: 0 })
	// Redlock also reports every lost vote as an error. A lease whose release fails expires by itself.
	redlock.on('error', () => {})
	// A prefix that makes this node's tokens unique. Random bytes for each of thousands of proposals a second would cost too much.
	const tokenPrefix = randomBytes(16).toString('hex')
	let proposed = 0

	return {
		propose(key) {
			const token = `${tokenPrefix}-${++proposed}`
			const lock = new LockClass(redlock, [key], token, [], Date.now() + leaseMs)
			// After an expired lease or with Redis away there is nothing to release.
			const release = async () => void (await lock.release().catch(() => {}))
			return { key, token, leaseMs, release }
		},
	}
}

/**
 * A lease on a key. `token` is the key's value while the lease lasts. A script that compares it does nothing for a node whose lease
 * has passed to another.
 */
export type Lease = {
	key: string
	token: string
	leaseMs: number
	/** Releases the lease if this node has it. Never rejects. */
	release(): Promise<void>
}

export type Leases = {
	/** A lease without an owner yet. A script takes it with `lease_take` of lease.lua. */
	propose(key: string): Lease
}

/** Lua functions for scripts that take a lease, or act only under one. They belong before the script's text. */
export const leaseLua = readLua('lease.lua', import.meta.url)

/** The lease has passed to another node, which does the remaining work. */
export class FencedOff extends Error {}

type RedlockLock = { release(): Promise<unknown> }
type Redlock = { on(event: 'error', listener: (error: Error) => void): void }
const RedlockClass = RedlockModule as new (clients: Redis[], settings: Record<string, number>) => Redlock
const LockClass = LockOfModule as new (redlock: Redlock, keys: string[], token: string, attempts: [], expiresAtMs: number) => RedlockLock
