import type { Socket } from 'socket.io'
import { Refusal } from '../refusal.ts'
import type { Allowance } from '../security/allowance.ts'
import { createBucket } from '../security/bucket.ts'
import { networkOf } from '../security/network.ts'
import { callerOf } from './caller-of.ts'

/** Messages of one socket. A person is far below. */
const socketRate = { perSecond: 50, burst: 300 }

export type EventLimits = {
	/** Events, by account. */
	byAccount: Allowance
	/** Events of sockets without an account, by address. */
	byAddress: Allowance
}

/** Counts an event by socket at once; by account, or by address for those without one, in lots from Redis. @throws Refusal rate_limited */
export const createTurns =
	({ byAccount, byAddress }: EventLimits, addressOf: (socket: Socket) => string) =>
	(socket: Socket): Promise<void> => {
		socket.data.mayGoOn ??= createBucket(socketRate)
		if (!socket.data.mayGoOn()) throw new Refusal('rate_limited', { retryAfterSeconds: 1 })
		const caller = callerOf(socket)
		return caller ? byAccount(caller.userId) : byAddress(networkOf(addressOf(socket)))
	}
