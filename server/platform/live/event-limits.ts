import type { Socket } from 'socket.io'
import { Refusal } from '../refusal.ts'
import { networkOf } from '../security/client-address.ts'
import { type Allowance, createBucket } from '../security/rate-limit.ts'
import { callerOf } from './callers.ts'

/**
 * Counts an event by socket in memory, then by account, or by address without an account, in lots from Redis.
 *
 * @throws Refusal rate_limited
 */
export function createEventLimit({ byAccount, byAddress }: EventLimits, addressOf: (socket: Socket) => string) {
	return (socket: Socket): Promise<void> => {
		socket.data.maySend ??= createBucket(socketRate)
		if (!socket.data.maySend()) throw new Refusal('rate_limited', { retryAfterSeconds: 1 })
		const caller = callerOf(socket)
		return caller ? byAccount(caller.userId) : byAddress(networkOf(addressOf(socket)))
	}
}

export type EventLimits = {
	/** Events of one account. */
	byAccount: Allowance
	/** Events of sockets without an account, by address. */
	byAddress: Allowance
}

/** Events of one socket. A person sends far fewer. */
const socketRate = { perSecond: 50, burst: 300 }
