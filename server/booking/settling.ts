import type { RefusalCode } from '../../contract/index.ts'
import { violatedConstraint } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { groupBy } from '../platform/group-by.ts'
import type { Log } from '../platform/observability/log.ts'
import type { NoticePolicy } from '../reminders/policy.ts'
import { jsonBeforeState } from '../slots/codec.ts'
import { type BatchDeps, type BatchResult, settleBatch, settleRefusal } from './batch.ts'
import { type Draining, type Drainings, FencedOff, isPassing } from './draining.ts'
import type { Queue, QueueEntry } from './queue.ts'
import type { State } from './rules.ts'
import type { Facts } from './state.ts'

export type SettlingDeps = { queue: Queue; run: Run; log: Log; policy: State['policy']; notices: NoticePolicy }

const maxAttempts = 4

/** What was read of a request while it was on its way into the queue. */
export type ReadAhead = { requestId: string; facts: Promise<Facts> }

/** A request that stands no chance is refused, so that it does not hold up those behind it for ever. */
const refusalFor = (error: unknown): RefusalCode => {
	const constraint = violatedConstraint(error)
	if (constraint === 'appointments_patient_overlap') return 'patient_overlap'
	return constraint === 'appointments_doctor_overlap' || (error as { code?: string }).code === 'LS001' ? 'slot_booked' : 'internal'
}

const requestIdOf = ({ request }: QueueEntry) => (request.kind === 'announce' ? undefined : request.origin.requestId)

/** Takes requests of doctors whose locks are ours to the database, as many together as it lets pass. */
export const createSettling = ({ queue, run, log, policy, notices }: SettlingDeps) => {
	const claimFor =
		(draining: Drainings): BatchDeps['claim'] =>
		async slots => {
			const byDoctor = groupBy(slots, ({ slot }) => slot.doctorId)
			const answers = await Promise.all(
				[...byDoctor].map(async ([doctorId, claims]) => {
					const { lease, claimed, taken } = draining.get(doctorId) as Draining
					const isClaimed = ({ slot, userId }: (typeof claims)[number]) =>
						slot.startMinute === taken.claimed?.minute && userId === taken.claimed.userId
					const wanted = claims.filter(each => !isClaimed(each))
					if (wanted.length === 0) return []
					const list = wanted.map(({ slot, userId }) => ({ minute: slot.startMinute, userId, json: jsonBeforeState(slot) }))
					const held = await queue.claim(lease, doctorId, list)
					if (held === 'fenced') throw new FencedOff()
					if (held.length === 0) for (const { minute } of list) claimed.add(minute)
					return held.map(each => ({ doctorId, ...each }))
				}),
			)
			return answers.flat()
		}

	const holdsOf = (draining: Drainings) => new Map([...draining].map(([doctorId, { taken }]) => [doctorId, taken.holds]))

	const settle = (draining: Drainings, entries: readonly QueueEntry[], readAhead?: Promise<Facts>): Promise<BatchResult> =>
		settleBatch({
			run,
			policy,
			notices,
			requests: entries.map(entry => entry.request),
			holds: holdsOf(draining),
			nowMs: Math.max(...[...draining.values()].map(({ taken }) => taken.nowMs)),
			claim: claimFor(draining),
			readAhead,
		})

	/** One request that the database refuses though everything read says yes: somebody else was faster, or it cannot be done. */
	const settleAlone = async (draining: Drainings, entry: QueueEntry, readAhead?: ReadAhead): Promise<BatchResult> => {
		const isAhead = entry.request.kind !== 'announce' && entry.request.id === readAhead?.requestId
		for (let attempt = 1; ; attempt++) {
			try {
				return await settle(draining, [entry], isAhead && attempt === 1 ? readAhead.facts : undefined)
			} catch (error) {
				if (isPassing(error)) throw error
				if (attempt < maxAttempts) continue
				const code = refusalFor(error)
				log[code === 'internal' ? 'error' : 'info']({ err: error, requestId: requestIdOf(entry) }, 'request refused by the database')
				return await settleRefusal({ run, notices, holds: holdsOf(draining) }, entry.request, code)
			}
		}
	}

	/**
	 * Settles entries together; when that violates a constraint, by doctor, and then one by one, so that one patient's
	 * overlap fails alone.
	 */
	const settleAll = async (
		draining: Drainings,
		entries: readonly QueueEntry[],
		tell: (result: BatchResult, of: readonly QueueEntry[]) => Promise<void>,
		readAhead?: ReadAhead,
	): Promise<void> => {
		const [first] = entries
		if (!first) return
		try {
			await tell(entries.length === 1 ? await settleAlone(draining, first, readAhead) : await settle(draining, entries), entries)
		} catch (error) {
			if (entries.length === 1 || isPassing(error)) throw error
			log.debug({ reason: (error as Error).message, requests: entries.length }, 'batch is replayed in parts')
			const byDoctor = groupBy(entries, ({ request }) => request.doctorId)
			const parts = byDoctor.size > 1 ? [...byDoctor.values()] : entries.map(entry => [entry])
			for (const part of parts) await settleAll(draining, part, tell)
		}
	}

	return settleAll
}
