import type { Caller } from './platform/caller.ts'
import { networkOf } from './platform/security/client-address.ts'
import { createLongAnswers } from './platform/security/long-answers.ts'
import { type CreateLimiter, inLots, type LimitRule, onAccount } from './platform/security/rate-limit.ts'

const flood = (name: string, points: number, perSeconds = 10): LimitRule => ({ name, points, perSeconds, refusesAlone: true })

/** Limits so high that only programs reach them. Identity has its own limits for passwords and registrations. */
export const floods = {
	/** Requests of one account, or of one address without an account. */
	requests: flood('api', 600),
	/** Requests of one address with all its accounts, enough for a large company. */
	requestsByAddress: flood('api-address', 6000),
	/** Events of one account or address. They cost less than requests. */
	events: flood('events', 1000),
	eventsByAddress: flood('events-address', 3000),
	/**
	 * Kilobytes of long answers to one account, or to one address without an account. This is about ten times the week of forty
	 * doctors.
	 */
	answers: flood('answers', 30_000),
	/** Kilobytes of long answers to one address with all its accounts. */
	answersByAddress: flood('answers-address', 60_000),
	/** New connections of one address. */
	arrivals: flood('sockets-address', 2000),
	/**
	 * Holds of one address. An account holds few slots, but accounts are free, so this bounds the slots that one address with all its
	 * accounts can keep from others.
	 */
	holdsByAddress: flood('holds-address', 1500, 600),
}

export function createFloodLimits(limiter: CreateLimiter) {
	const [requests, requestsByAddress] = [limiter(floods.requests), limiter(floods.requestsByAddress)]
	const holdsByAddress = inLots(limiter(floods.holdsByAddress), 10, 60_000)
	return {
		request: async (caller: Caller | null, ip: string): Promise<void> => {
			const network = networkOf(ip)
			await Promise.all([requests.consume(caller?.userId ?? network), requestsByAddress.consume(network)])
		},
		longAnswer: createLongAnswers({
			byCaller: onAccount(limiter(floods.answers), 500, 10_000),
			byAddress: onAccount(limiter(floods.answersByAddress), 1000, 10_000),
		}),
		hold: (ip: string): Promise<void> => holdsByAddress(networkOf(ip)),
		sockets: {
			arrivals: limiter(floods.arrivals),
			byAccount: inLots(limiter(floods.events), 20, 10_000),
			byAddress: inLots(limiter(floods.eventsByAddress), 20, 10_000),
		},
	}
}
