import { hostname } from 'node:os'
import { Agenda, type AgendaBackend, type Job, type JobParameters } from 'agenda'
import pg from 'pg'
import { limitStatements } from '../database/database.ts'
import type { Log } from '../observability/log.ts'

export type JobDefinition = {
	name: string
	/** A cron line in UTC, or an interval such as `1 minute`. */
	every: string
	/** Safe to run twice: a node that dies in the middle leaves the job to another. */
	run: () => Promise<void>
}

/** A job as the clinic's admins see it. */
export type JobReport = {
	name: string
	every: string
	running: boolean
	lastRunAt: Date | undefined
	lastFinishedAt: Date | undefined
	/** The node that ran it last, or runs it. */
	lastRunBy: string | undefined
	nextRunAt: Date | undefined
	failures: number
	failedAt: Date | undefined
	error: string | undefined
}

export type JobObserver = {
	/** `lagMs` is how much later than planned it starts; undefined when the plan is not known. */
	started(name: string, lagMs: number | undefined): void
	ended(name: string, ms: number, failed: boolean): void
}

export type JobsDeps = {
	databaseUrl: string
	/** A pooler in transaction mode stands before PostgreSQL. */
	isPooled: boolean
	/** Agenda keeps its jobs in MongoDB when set, else in PostgreSQL. */
	mongoUrl: string | undefined
	log: Log
	nodeId: string
	/** Whether this process runs jobs; every process may look at them, and ask for one to be run. */
	runs: boolean
	jobs: readonly JobDefinition[]
	observe?: JobObserver
}

export type Jobs = {
	list(): Promise<JobReport[]>
	/** Runs a job at the next look at the list, on whichever node looks first. False for one that there is not. */
	runNow(name: string): Promise<boolean>
	stop(): Promise<void>
}

/**
 * How long a dead node keeps a job from others; a living one renews its lock in time. Agenda leaves a timer of half of this
 * behind after every run.
 */
const lockMs = 14_000
const renewEveryMs = 4000
const lookEveryMs = 5000

/**
 * Recurring work, run by one of the nodes at a time. A tick that was missed while none ran is made up for at the start: the
 * time of the next run is kept, and a node that starts leaves it alone unless the rhythm has changed.
 */
export async function createJobs(deps: JobsDeps): Promise<Jobs> {
	const { log, nodeId, runs, jobs, observe } = deps
	const { backend, close } = await createBackend(deps)
	const plans = notePlans(backend.repository)
	const agenda = new Agenda({
		backend,
		// Shown to admins: the machine, and which of its processes.
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
						// A lock also marks a job that is about to run.
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
			// The record itself, so that it shows as the job's last run; the run sets the next one as usual. Saving it as a job
			// would forget its last failure, and in MongoDB its last run as well.
			const { lastModifiedBy } = record
			await backend.repository.saveJobState({ ...record, nextRunAt: new Date() }, lastModifiedBy ? { lastModifiedBy } : {})
			return true
		},
		stop: async () => {
			// Waits for running jobs; what they do is safe to repeat if that takes too long.
			if (runs) await agenda.drain(5000)
			await agenda.stop()
			await close()
		},
	}
}

/** Makes Agenda's tables, as their owner. */
export async function prepareJobs(ownerUrl: string): Promise<void> {
	const { PostgresBackend } = await import('@agendajs/postgres-backend')
	const pool = new pg.Pool({ connectionString: ownerUrl, max: 1, application_name: 'liveslot jobs' })
	try {
		await new PostgresBackend({ pool, disableNotifications: true }).connect()
	} finally {
		await pool.end()
	}
}

/** Jobs are records of their own, looked up by name: a statement that takes longer waits for something. */
const queryTimeoutMs = 10_000

async function createBackend({ databaseUrl, isPooled, mongoUrl, log }: JobsDeps) {
	// Loaded when needed: MongoDB's driver alone is tens of megabytes. Jobs are polled for rather than listened for,
	// because LISTEN does not pass a pooler in transaction mode.
	if (mongoUrl) {
		const { MongoBackend } = await import('@agendajs/mongo-backend')
		const backend = new MongoBackend({ address: mongoUrl })
		// Agenda closes it only where jobs are run.
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
	// Without a listener the loss of an idle connection would end the process.
	pool.on('error', error => log.debug({ reason: error.message }, 'job connection lost'))
	// A role that may not create tables finds those that `prepareJobs` made.
	const ensureSchema = await mayCreateTables(pool)
	return { backend: new PostgresBackend({ pool, disableNotifications: true, ensureSchema }), close: () => pool.end() }
}

async function mayCreateTables(pool: pg.Pool): Promise<boolean> {
	const { rows } = await pool.query(`SELECT has_schema_privilege('public', 'CREATE') AS allowed`)
	return rows[0].allowed
}

/** Agenda overwrites the planned time as it starts a job: it is noted here as the job is locked. */
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

/** The one record of a recurring job. */
async function recordOf(agenda: Agenda, name: string): Promise<JobParameters | undefined> {
	const { jobs } = await agenda.queryJobs({ name })
	return jobs.find(job => job.type === 'single')
}

const date = (value: Date | string | null | undefined): Date | undefined => (value ? new Date(value) : undefined)
