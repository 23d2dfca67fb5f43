import { randomBytes } from 'node:crypto'
// @ts-expect-error redlock's package.json exports name no types for NodeNext; the part that is used is typed here.
import RedlockModule, { Lock as LockOfModule } from 'redlock'
import { type Redis, readLua } from '../redis/redis.ts'

type RedlockLock = { value: string; expiration: number; release(): Promise<unknown> }
type Redlock = {
	acquire(resources: string[], durationMs: number): Promise<RedlockLock>
	on(event: 'error', listener: (error: Error) => void): void
}
const RedlockClass = RedlockModule as new (clients: Redis[], settings: Record<string, number>) => Redlock
const LockClass = LockOfModule as new (redlock: Redlock, keys: string[], token: string, attempts: [], expiresAtMs: number) => RedlockLock

/** Functions for scripts that take a lease as part of something larger; to be put before their text. */
export const lockLua = readLua('lease.lua', import.meta.url)

/**
 * A lease on a key. `token` is the key's value while the lease lasts: a script that compares it
 * does nothing for a holder whose lease has passed to another.
 */
export type Lease = { key: string; token: string; release(): Promise<void> }

/** A lease that nobody has yet. A script takes it with `lease_take` of lease.lua; released, it is as if never taken. */
export type Proposal = Lease & { leaseMs: number }

export type Locks = {
	propose(key: string): Proposal
	/** One try. Null when another holds the lease. */
	tryAcquire(key: string): Promise<Lease | null>
	/** Tries until it succeeds. @throws Error when the lease could not be had within `waitMs` */
	acquire(key: string, waitMs: number): Promise<Lease>
}

export type LockDeps = { redis: Redis; leaseMs: number }

const isLocked = (error: unknown) => error instanceof Error && error.name === 'ExecutionError'

/**
 * Leases by Redlock, an optimisation as every lease is: it spares work, and what must be true is true without it.
 * See https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html.
 */
export const createLocks = ({ redis, leaseMs }: LockDeps): Locks => {
	const redlock = new RedlockClass([redis], { retryCount: 0, driftFactor: 0.01, automaticExtensionThreshold: 500 })
	// Redlock reports every lost vote here too; the caller learns of it from the rejected promise.
	redlock.on('error', () => {})

	// What no other node's tokens begin with: random bytes are too dear for each of thousands of proposals a second.
	const ours = randomBytes(16).toString('hex')
	let proposed = 0

	const leaseOf = (key: string, lock: RedlockLock): Lease => ({
		key,
		token: lock.value,
		release: async () => {
			// A lease that has lapsed, or a Redis that is away, leaves nothing to release.
			await lock.release().catch(() => {})
		},
	})

	const propose = (key: string): Proposal => {
		const lock = new LockClass(redlock, [key], `${ours}-${++proposed}`, [], Date.now() + leaseMs)
		return { ...leaseOf(key, lock), leaseMs }
	}

	const tryAcquire = async (key: string): Promise<Lease | null> => {
		try {
			return leaseOf(key, await redlock.acquire([key], leaseMs))
		} catch (error) {
			if (isLocked(error)) return null
			throw error
		}
	}

	const acquire = async (key: string, waitMs: number): Promise<Lease> => {
		const deadline = performance.now() + waitMs
		for (;;) {
			const lease = await tryAcquire(key)
			if (lease) return lease
			if (performance.now() > deadline) throw new Error(`no lease on ${key} within ${waitMs} ms`)
			await new Promise(resolve => setTimeout(resolve, 20 + Math.random() * 30))
		}
	}

	return { propose, tryAcquire, acquire }
}
