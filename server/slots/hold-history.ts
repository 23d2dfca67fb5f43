import { isDatabaseUnavailable } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'
import { parseSlotId } from './slot-id.ts'

/**
 * Records who held which slot, for staff who ask later ("who held ten o'clock?"). Holds live in Redis and never wait for this: events
 * are kept in memory, many are written in one statement, and what cannot be kept or written is lost as history only.
 */
export function createHoldHistory({ run, log }: { run: Run; log: Log }): HoldHistory {
	let kept: Row[] = []
	let lost = 0
	let writing: Promise<void> | undefined

	const timer = setInterval(() => void (kept.length > 0 && flush()), flushEveryMs)
	timer.unref()

	return {
		note(what, userId, slotIds) {
			// A guest is no account: the history begins when the hold is claimed.
			if (!isDatabaseId(userId)) return
			const at = new Date().toISOString()
			for (const id of slotIds) {
				const slot = parseSlotId(id)
				if (!slot) continue
				if (kept.length < maxKept) kept.push({ doctor_id: slot.doctorId, start_minute: slot.startMinute, at, what, user_id: userId })
				else lost++
			}
		},
		async stop() {
			clearInterval(timer)
			await flush()
			if (kept.length > 0) await flush()
		},
	}

	function flush(): Promise<void> {
		writing ??= write().finally(() => (writing = undefined))
		return writing
	}

	async function write(): Promise<void> {
		while (kept.length > 0) {
			const rows = kept.slice(0, perStatement)
			try {
				await run(insert, [JSON.stringify(rows)])
			} catch (error) {
				// Rows wait for a database that is away. Rows that it refuses would block those behind them.
				if (isDatabaseUnavailable(error)) return log.debug({ kept: kept.length }, 'hold history waits')
				lost += rows.length
			}
			kept = kept.slice(rows.length)
		}
		if (lost > 0) log.warn({ lost }, 'hold history lost')
		lost = 0
	}
}

export type HoldHistory = {
	/** The caller does not wait. */
	note(what: HoldEvent, userId: string, slotIds: readonly string[]): void
	/** Writes what is kept. */
	stop(): Promise<void>
}

export type HoldEvent = 'held' | 'released' | 'expired'

type Row = { doctor_id: string; start_minute: number; at: string; what: HoldEvent; user_id: string }

const flushEveryMs = 1000
/** Some megabytes, while PostgreSQL is away. */
const maxKept = 20_000
const perStatement = 2000

const insert = {
	name: 'write hold history',
	text: `INSERT INTO hold_history (doctor_id, starts_at, at, what, user_id)
		SELECT doctor_id, to_timestamp(start_minute * 60.0), at, what, user_id
		FROM jsonb_to_recordset($1::jsonb) AS h (doctor_id bigint, start_minute int, at timestamptz, what text, user_id bigint)`,
}
