import { Socket } from 'node:net'
import pg from 'pg'
import type { Log } from '../observability/log.ts'
import { limitStatements } from './database.ts'

/** The hot paths' access to PostgreSQL: a few connections, all in constant use. A broken connection is replaced at its next use. */
export function createPipeline({ url, connections, prepare, log, queryTimeoutMs = 10_000 }: PipelineDeps): Pipeline {
	const lanes: (Lane | undefined)[] = Array.from({ length: connections })

	const run: Run = async <Row extends pg.QueryResultRow>(statement: Statement, values: unknown[]) => {
		const lane = leastBusy()
		lane.inFlight++
		try {
			await lane.connected
			replan(lane)
			const { rows } = await lane.client.query<Row>(prepare ? { ...statement, values } : { text: statement.text, values })
			return rows
		} catch (error) {
			if (!(error instanceof pg.DatabaseError)) {
				abandon(lane)
			}
			throw error
		} finally {
			lane.inFlight--
		}
	}

	return {
		run,
		load() {
			let [connections, inFlight] = [0, 0]
			for (const lane of lanes) {
				if (!lane) continue
				inFlight += lane.inFlight
				if (!lane.broken) connections++
			}
			return { connections, inFlight }
		},
		stop: async () => {
			await Promise.all(lanes.map(lane => lane?.client.end().catch(() => {})))
		},
	}

	function leastBusy(): Lane {
		let best: Lane | undefined
		for (let i = 0; i < lanes.length; i++) {
			const lane = lanes[i]
			if (!lane || lane.broken) {
				// Prefers an idle connection, then a new one, and only then one with statements in flight.
				if (best?.inFlight === 0) continue
				const opened = open()
				lanes[i] = opened
				return opened
			}
			if (!best || lane.inFlight < best.inFlight) best = lane
			if (best.inFlight === 0) return best
		}
		return best as Lane
	}

	function open(): Lane {
		const socket = new Socket()
		const client = new pg.Client({
			stream: () => socket,
			connectionString: url,
			application_name: 'liveslot pipeline',
			connectionTimeoutMillis: 5000,
			query_timeout: queryTimeoutMs,
			keepAlive: true,
			pipeline: true,
		} as pg.ClientConfig)
		// A pooler would apply the settings to other clients.
		const connected = client.connect().then(() => (prepare ? client.query(`${keepPlans}; ${limitStatements(queryTimeoutMs)}`) : undefined))
		const lane: Lane = { client, socket, connected, inFlight: 0, broken: false, plannedAtMs: performance.now() }
		client.on('error', fail)
		client.on('end', () => fail())
		lane.connected.catch(fail)

		return lane

		function fail(error?: Error) {
			if (!lane.broken && error) log.debug({ reason: error.message }, 'database connection lost')
			lane.broken = true
		}
	}

	function replan(lane: Lane) {
		const nowMs = performance.now()
		if (!prepare || nowMs - lane.plannedAtMs < replanEveryMs) return
		lane.plannedAtMs = nowMs
		// An error here also breaks the statement behind this one, which reports it.
		lane.client.query('DISCARD PLANS').catch(() => {})
	}

	/**
	 * Ends a connection together with all its waiting statements. After a mere `end`, PostgreSQL would still run every statement
	 * behind the one that was given up.
	 */
	function abandon(lane: Lane) {
		lane.broken = true
		lane.socket.destroy()
	}
}

/** A named statement, which PostgreSQL plans once for each connection. */
export type Statement = { name: string; text: string }

/**
 * Runs one statement in its own transaction. Statements of different callers share connections and are sent without waiting for each
 * other's answers, see https://node-postgres.com/features/pipelining.
 */
export type Run = <Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement, values: unknown[]) => Promise<Row[]>

export type Pipeline = {
	run: Run
	/** Open connections, and statements without an answer yet. */
	load(): { connections: number; inFlight: number }
	stop(): Promise<void>
}

export type PipelineDeps = {
	url: string
	connections: number
	/** False behind a pooler in transaction mode that does not know prepared statements. */
	prepare: boolean
	log: Log
	queryTimeoutMs?: number
}

type Lane = { client: pg.Client; socket: Socket; connected: Promise<unknown>; inFlight: number; broken: boolean; plannedAtMs: number }

/**
 * PostgreSQL keeps one plan for each statement, because planning the settlement of a batch takes longer than running it. Such a plan
 * is made without the actual keys, so these settings make it use the indexes. PostgreSQL before 18 adds a large penalty to
 * unavoidable sequential scans, which would start the JIT compiler; hence `jit = off`.
 */
export const keepPlans = 'SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET random_page_cost = 1.1; SET jit = off'
/** A plan made for an empty table reads all of the table. PostgreSQL plans again once it has counted the rows, within about a minute. */
const replanEveryMs = 1000
