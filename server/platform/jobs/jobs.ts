import { hostname } from 'node:os'
import { Agenda, type AgendaBackend, type Job, type JobParameters } from 'agenda'
import pg from 'pg'
import { limitStatements } from '../database/database.ts'
import type { Log } from '../observability/log.ts'

/**
 * Runs recurring work on one node at a time. The time of the next run is stored, and a starting node changes it only when the rhythm
 * has changed, so a run that was missed while no node was up is made up for at the start.
 */
export async function createJobs(deps: JobsDeps): Promise<Jobs> {
	const { log, nodeId, runs, jobs, observe } = deps
	const { backend, close } = await createBackend(deps)
	const plans = notePlans(backend.repository)
	const agenda = new Agenda({
		backend,
		// Shown to admins: the machine and the process on it.
		name: `${hostname()} ${nodeId.slice(0, 8)}`,
		processEvery: lookEveryMs,
		defaultLockLifetime: lockMs,
	})
	agenda.on('error', (error: Error) => log.warn({ reason: error.message }, 'jobs'))
	agenda.on('fail', (error: Error, job: { attrs: { name: string } }) => log.error({ err: error, job: job.attrs.name }, 'job failed'))
	await agenda.ready
	if (runs) {
		for (const { name, run } of jobs) {
			const observed = observe ? () => observedRun(name, run, plans, observe) : run
			agenda.define(name, job => keepingLock(job, observed, log), { concurrency: 1 })
		}
		await agenda.start()
		for (const { name, every } of jobs) {
			const known = await recordOf(agenda, name)
			if (known?.nextRunAt && known.repeatInterval === every) continue
			await agenda.every(every, name, undefined, { timezone: 'UTC', skipImmediate: true })
		}
	}

	return {
		list: () =>
			Promise.all(
				jobs.map(async ({ name, every }) => {
					const record = await recordOf(agenda, name)
					const lockedAt = date(record?.lockedAt)
					return {
						name,
						every,
						// Agenda also locks a job that is about to run.
						running:
							lockedAt !== undefined && Date.now() - lockedAt.getTime() < lockMs && (date(record?.nextRunAt)?.getTime() ?? 0) <= Date.now(),
						lastRunAt: date(record?.lastRunAt),
						lastFinishedAt: date(record?.lastFinishedAt),
						lastRunBy: record?.lastRunAt ? (record.lastModifiedBy ?? undefined) : undefined,
						nextRunAt: date(record?.nextRunAt),
						failures: record?.failCount ?? 0,
						failedAt: date(record?.failedAt),
						error: record?.failReason,
					}
				}),
			),
		async runNow(name) {
			const record = jobs.some(job => job.name === name) ? await recordOf(agenda, name) : undefined
			if (!record) return false
			// Writes the record itself, so that this run shows as the job's last run and the next one is set as usual. Saving the job
			// through Agenda would erase its last failure, and in MongoDB its last run as well.
			const { lastModifiedBy } = record
			await backend.repository.saveJobState({ ...record, nextRunAt: new Date() }, lastModifiedBy ? { lastModifiedBy } : {})
			return true
		},
		stop: async () => {
			// Waits for running jobs. They are safe to repeat if that takes too long.
			if (runs) await agenda.drain(5000)
			await agenda.stop()
			await close()
		},
	}
}

export type JobDefinition = {
	name: string
	/** A cron line in UTC, or an interval such as `1 minute`. */
	every: string
	/** Must be safe to run twice: when a node dies in the middle, another node runs the job again. */
	run: () => Promise<void>
}

/** A job as admins see it. */
export type JobReport = {
	name: string
	every: string
	running: boolean
	lastRunAt: Date | undefined
	lastFinishedAt: Date | undefined
	/** The node that runs the job or ran it last. */
	lastRunBy: string | undefined
	nextRunAt: Date | undefined
	failures: number
	failedAt: Date | undefined
	error: string | undefined
}

export type JobObserver = {
	/** `lagMs` is how much later than planned the job starts; undefined when the plan is unknown. */
	started(name: string, lagMs: number | undefined): void
	ended(name: string, ms: number, failed: boolean): void
}

export type JobsDeps = {
	databaseUrl: string
	/** True when a pooler in transaction mode stands before PostgreSQL. */
	isPooled: boolean
	/** Where Agenda keeps its jobs in MongoDB; without it, they are in PostgreSQL. */
	mongoUrl: string | undefined
	log: Log
	nodeId: string
	/** Whether this process runs jobs. Every process may list them and ask for a run. */
	runs: boolean
	jobs: readonly JobDefinition[]
	observe?: JobObserver
}

export type Jobs = {
	list(): Promise<JobReport[]>
	/** Has a job run at the next poll, by whichever node polls first. Returns false for an unknown job. */
	runNow(name: string): Promise<boolean>
	stop(): Promise<void>
}

/**
 * How long a dead node keeps a job from others. A living node renews its lock in time. Agenda leaves a timer of half this time behind
 * after every run.
 */
const lockMs = 14_000
const renewEveryMs = 4000
const lookEveryMs = 5000

/** Creates Agenda's tables, as their owner. */
export async function prepareJobs(ownerUrl: string): Promise<void> {
	const { PostgresBackend } = await import('@agendajs/postgres-backend')
	const pool = new pg.Pool({ connectionString: ownerUrl, max: 1, application_name: 'liveslot jobs' })
	try {
		await new PostgresBackend({ pool, disableNotifications: true }).connect()
	} finally {
		await pool.end()
	}
}

/** Statements look single jobs up by name, so one that takes longer is waiting for a lock. */
const queryTimeoutMs = 10_000

async function createBackend({ databaseUrl, isPooled, mongoUrl, log }: JobsDeps) {
	// Loaded when needed, because MongoDB's driver alone has tens of megabytes. Jobs are polled, because LISTEN does not pass a
	// pooler in transaction mode.
	if (mongoUrl) {
		const { MongoBackend } = await import('@agendajs/mongo-backend')
		const backend = new MongoBackend({ address: mongoUrl })
		// Agenda closes its backend only where jobs run.
		return { backend, close: () => backend.disconnect() }
	}
	const { PostgresBackend } = await import('@agendajs/postgres-backend')
	const pool = new pg.Pool({
		connectionString: databaseUrl,
		max: 3,
		application_name: 'liveslot jobs',
		connectionTimeoutMillis: 5000,
		query_timeout: queryTimeoutMs,
		keepAlive: true,
		onConnect: async client => {
			if (!isPooled) await client.query(limitStatements(queryTimeoutMs))
		},
	})
	// Without a listener, losing an idle connection would end the process.
	pool.on('error', error => log.debug({ reason: error.message }, 'job connection lost'))
	// A role without the right to create tables uses those that `prepareJobs` made.
	const ensureSchema = await mayCreateTables(pool)
	return { backend: new PostgresBackend({ pool, disableNotifications: true, ensureSchema }), close: () => pool.end() }
}

async function mayCreateTables(pool: pg.Pool): Promise<boolean> {
	const { rows } = await pool.query(`SELECT has_schema_privilege('public', 'CREATE') AS allowed`)
	return rows[0].allowed
}

/** Agenda overwrites the planned time when it starts a job, so this remembers it when the job is locked. */
function notePlans(repository: AgendaBackend['repository']): Map<string, Date> {
	const plans = new Map<string, Date>()
	const next = repository.getNextJobToRun.bind(repository)
	repository.getNextJobToRun = async (...args) => {
		const job = await next(...args)
		if (job?.nextRunAt) plans.set(job.name, job.nextRunAt)
		return job
	}
	return plans
}

async function observedRun(name: string, run: () => Promise<void>, plans: Map<string, Date>, observe: JobObserver): Promise<void> {
	const beganMs = performance.now()
	const planned = plans.get(name)
	plans.delete(name)
	observe.started(name, planned && Math.max(0, Date.now() - planned.getTime()))
	let failed = true
	try {
		await run()
		failed = false
	} finally {
		observe.ended(name, performance.now() - beganMs, failed)
	}
}

async function keepingLock(job: Job, run: () => Promise<void>, log: Log): Promise<void> {
	const renew = () => job.touch().catch(error => log.debug({ reason: (error as Error).message }, 'job lock not renewed'))
	const timer = setInterval(() => void renew(), renewEveryMs)
	try {
		await run()
	} finally {
		clearInterval(timer)
	}
}

/** Returns the single record of a recurring job. */
async function recordOf(agenda: Agenda, name: string): Promise<JobParameters | undefined> {
	const { jobs } = await agenda.queryJobs({ name })
	return jobs.find(job => job.type === 'single')
}

const date = (value: Date | string | null | undefined): Date | undefined => (value ? new Date(value) : undefined)
