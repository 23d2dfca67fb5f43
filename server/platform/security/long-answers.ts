import { LRUCache } from 'lru-cache'
import pLimit, { type LimitFunction } from 'p-limit'
import { networkOf } from './client-address.ts'
import type { Account } from './rate-limit.ts'

/**
 * Makes an answer that may be long in its turn, and counts its bytes. An answer's length is known only once it is made, and making it
 * costs more than sending it. So a node makes a few answers of one address at a time, each after the earlier ones were counted.
 *
 * @throws Refusal rate_limited when the caller or the address has read too much
 */
export type MeasureAnswer = <T>(
	who: { userId: string | undefined; ip: string },
	make: () => Promise<T>,
	bytesOf: (answer: T) => number,
) => Promise<T>

/** How many answers of one address a node makes at the same time. */
const atOnce = 8
const maxAddresses = 10_000

/** The points of both limits are kilobytes. */
export function createLongAnswers({ byCaller, byAddress }: { byCaller: Account; byAddress: Account }): MeasureAnswer {
	const turns = new LRUCache<string, LimitFunction>({ maxSize: maxAddresses, sizeCalculation: () => 1 })

	return async ({ userId, ip }, make, bytesOf) => {
		const network = networkOf(ip)
		const caller = userId ?? network
		const turn = turns.get(network) ?? pLimit(atOnce)
		turns.set(network, turn)
		return await turn(async () => {
			await Promise.all([byCaller.check(caller), byAddress.check(network)])
			const answer = await make()
			const kilobytes = Math.ceil(bytesOf(answer) / 1000)
			byCaller.charge(caller, kilobytes)
			byAddress.charge(network, kilobytes)
			return answer
		})
	}
}
