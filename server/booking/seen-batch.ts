import type { SettledOutcome } from './outcome.ts'
import type { QueueEntry, Taken } from './queue.ts'

/** What one lane has taken, of one doctor or of many, as it is told to logs, figures and traces. */
export type SeenBatch = {
	/** By doctor. */
	taken: readonly Pick<Taken, 'entries' | 'length' | 'nowMs'>[]
	/** All of it, each doctor's in order. */
	entries: readonly QueueEntry[]
	/** On the scale of `performance.now()`. */
	beganMs: number
}

export type Outcomes = readonly SettledOutcome[]

/** Why requests stay queued: `fenced` when another node has the lock by now. */
export type Failure = 'fenced' | 'error'

export const outcomeName = ({ outcome }: Outcomes[number]): string =>
	'done' in outcome ? 'ok' : 'refused' in outcome ? outcome.refused : 'forward'
