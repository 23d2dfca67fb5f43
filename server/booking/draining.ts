import { isDatabaseUnavailable } from '../platform/database/database.ts'
import type { Proposal } from '../platform/mailbox/lease.ts'
import { isRedisUnavailable } from '../platform/redis/redis.ts'
import type { Taken } from './queue.ts'

/** A doctor whose lock this lane has, and what it found in the queue. */
export type Draining = {
	doctorId: string
	lease: Proposal
	taken: Taken
	/** Minutes of slots that watchers were told are held while they are being booked. */
	claimed: Set<number>
	/** The lock was let go of together with the queue's head. */
	released: boolean
}

/** By doctor: all that one lane drains at a time. */
export type Drainings = Map<string, Draining>

export const drainingOf = (doctorId: string, lease: Proposal, taken: Taken): Draining => ({
	doctorId,
	lease,
	taken,
	claimed: new Set(taken.claimed ? [taken.claimed.minute] : []),
	released: false,
})

export const notReleased = (draining: Drainings): Draining[] => [...draining.values()].filter(({ released }) => !released)

/** Another node has taken the lock since: what is left to do is done there. */
export class FencedOff extends Error {}

/** Errors that pass by themselves: the requests stay in their queues, and are settled later. */
export const isPassing = (error: unknown): boolean =>
	error instanceof FencedOff || isDatabaseUnavailable(error) || isRedisUnavailable(error)
