import type { SlotOffer } from '../../contract/index.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Holds } from '../slots/holds.ts'
import { readAlternatives } from './offers.ts'
import type { Outcome, SettledOutcome } from './outcome.ts'
import type { BookingRequest } from './request.ts'

const statement = { name: 'refuse_taken', text: readSql('refuse_taken.sql', import.meta.url) }

const refusal = 'slot_booked' as const

export type RefuseTakenDeps = { run: Run; holds: Pick<Holds, 'read'> }

/** Keeps the refusals like any other. Answers with the requests that are refused by it, in order. */
const write = async (run: Run, doctorId: string, requests: readonly BookingRequest[]): Promise<readonly BookingRequest[]> => {
	const [row] = await run<{ refused: string[] | null }>(statement, [
		doctorId,
		[...new Set(requests.map(each => each.startMinute))],
		requests.map(each => each.startMinute),
		requests.map(each => each.by),
		requests.map(each => each.key),
		requests.map(each => each.fingerprint),
		requests.map(each => each.id),
	])
	if (!row?.refused) return requests
	const ids = new Set(row.refused)
	return requests.filter(({ id }) => ids.has(id))
}

/** Other free slots for those who lost theirs. */
const readOffers = async ({ run, holds }: RefuseTakenDeps, doctorId: string, requests: readonly BookingRequest[]) => {
	const { holders } = await holds.read(doctorId)
	const decided = requests.map(request => ({ request, decision: { do: 'refuse' as const, code: refusal } }))
	return await readAlternatives({ run, holds: new Map([[doctorId, holders]]), appointment: () => undefined }, decided, [])
}

/**
 * Refuses bookings of one doctor's slots that somebody has, as PostgreSQL knows it now. Requests that are not among the outcomes
 * were not refused: their slots are free, or their keys were used before.
 */
export const createRefuseTaken =
	(deps: RefuseTakenDeps) =>
	async (doctorId: string, requests: readonly BookingRequest[]): Promise<SettledOutcome[]> => {
		const [refused, alternativesFor] = await Promise.all([write(deps.run, doctorId, requests), readOffers(deps, doctorId, requests)])
		const outcomes = new Map<SlotOffer[] | undefined, Outcome>()
		return refused.map(request => {
			const alternatives = alternativesFor(request)
			// Whoever is offered the same shares an outcome, which is encoded once.
			const outcome = outcomes.get(alternatives) ?? { refused: refusal, ...(alternatives && { alternatives }) }
			outcomes.set(alternatives, outcome)
			return { request, outcome }
		})
	}

export type RefuseTaken = ReturnType<typeof createRefuseTaken>
