import type { Log } from '../observability/log.ts'
import { type Db, isDatabaseUnavailable } from './database.ts'
import type { Run } from './pipeline.ts'

/**
 * Tells what a table records, at least once. A record is written in the transaction that causes it. After the commit its own node, or
 * a sweep of any other, tells and removes it, so that a node that dies in between leaves nothing untold.
 */
export function createTelling<Row extends { id: string }>(deps: TellingDeps<Row>): Telling {
	const { run, log, table, what, sweepEveryMs } = deps
	const isRecorded = { name: `${table}_recorded`, text: `SELECT FROM ${table} LIMIT 1` }
	let stopped = false
	let sweeping = Promise.resolve()
	let timer: NodeJS.Timeout | undefined
	schedule()

	return {
		tell,
		async stop() {
			stopped = true
			clearTimeout(timer)
			await sweeping
		},
	}

	async function tell() {
		try {
			while ((await tellSome(deps)) === toldAtOnce);
		} catch (error) {
			log.warn({ reason: (error as Error).message }, `${what} could not be announced; the next sweep tries again`)
		}
	}

	function schedule() {
		if (stopped) return
		timer = setTimeout(() => {
			sweeping = sweep()
		}, sweepEveryMs)
		timer.unref()
	}

	async function sweep() {
		try {
			if ((await run(isRecorded, [])).length > 0) await tell()
		} catch (error) {
			if (!isDatabaseUnavailable(error)) log.warn({ reason: (error as Error).message }, `the sweep of ${what} failed`)
		}
		schedule()
	}
}

export type TellingDeps<Row> = {
	db: Db
	run: Run
	log: Log
	/** With an `id` by which older records come first. */
	table: string
	columns: readonly string[]
	/** What the records are of, in the plural, for the log. */
	what: string
	sweepEveryMs: number
	/** Tells records, and returns those that are told. The others stay for the next sweep. */
	announce: (rows: readonly Row[]) => Promise<readonly Row[]>
}

export type Telling = {
	/** To be called after the commit. Never fails: the next sweep tells what this could not. */
	tell(): Promise<void>
	stop(): Promise<void>
}

const toldAtOnce = 100

/** A node that freezes while it tells loses its transaction after this time, and another node tells instead. */
const frozenAfterMs = 1000

/** Tells the oldest records that no other node is telling, and removes them. Returns how many it told. */
function tellSome<Row extends { id: string }>({ db, table, columns, announce }: TellingDeps<Row>): Promise<number> {
	// Not `inTransaction`, because the body does more than SQL and must not be repeated.
	return db.transaction(async trx => {
		await trx.raw(`SET LOCAL idle_in_transaction_session_timeout = ${frozenAfterMs}`)
		const rows = (await trx(table)
			.orderBy('id')
			.limit(toldAtOnce)
			.forUpdate()
			.skipLocked()
			.select('id', ...columns)) as Row[]
		if (rows.length === 0) return 0
		const told = await announce(rows)
		await trx(table)
			.whereIn(
				'id',
				told.map(({ id }) => id),
			)
			.delete()
		return told.length
	})
}
