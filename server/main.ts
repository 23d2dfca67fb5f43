import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, loadConfig } from './config.ts'
import { startNode } from './node.ts'
import { createDatabase, migrate } from './platform/database/database.ts'
import { grantToServer, mayGrant } from './platform/database/grants.ts'
import { startEmbeddedPostgres } from './platform/embedded/postgres.ts'
import { EmbeddedServerError } from './platform/embedded/process.ts'
import { NotServedError, untilDatabaseReachable, untilRedisReachable, type Waiting } from './platform/embedded/reachable.ts'
import { startEmbeddedRedis } from './platform/embedded/redis.ts'
import { prepareJobs } from './platform/jobs/jobs.ts'
import { createLog } from './platform/observability/log.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)

const version = (): string => {
	for (const file of ['../package.json', '../../package.json']) {
		try {
			return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')).version
		} catch {}
	}
	return '0.0.0'
}

type Stop = () => Promise<void>

/**
 * Starts everything, in order; what was started is pushed to `stops`, to be stopped in the opposite order. The role `migrate`
 * brings the database up to date and starts nothing: for a release that must not be served before.
 *
 * @returns whether there is a node to be kept running
 */
const start = async (stops: Stop[], signal: AbortSignal): Promise<boolean> => {
	// Hosts that run one image in several roles set the command of each rather than its environment.
	const [role] = process.argv.slice(2)
	const config = loadConfig({ ...process.env, ...(role && { ROLE: role }) })
	const log = createLog(config.logLevel)
	const waiting: Waiting = { say, signal }

	const [postgres, redis] = await Promise.all([
		config.databaseUrl ? undefined : startEmbeddedPostgres(config.dataDir),
		config.redisUrl || config.role === 'migrate' ? undefined : startEmbeddedRedis(config.dataDir, say),
	])
	if (postgres) stops.push(postgres.stop)
	if (redis) stops.push(redis.stop)
	const databaseUrl = config.databaseUrl ?? (postgres?.url as string)

	const ownerUrl = config.migrationDatabaseUrl ?? databaseUrl
	const db = createDatabase({ url: ownerUrl, poolSize: 2, queryTimeoutMs: 0 })
	try {
		await untilDatabaseReachable(db, waiting)
		await migrate(db, { signal, onWait: () => say('Another node brings the database up to date: waiting for it') })
		if (await mayGrant(db)) {
			if (!config.mongoUrl) await prepareJobs(ownerUrl)
			await grantToServer(db)
		}
		if (config.demo) {
			const { seedDemoClinic } = await import('../db/seeds/demo.ts')
			await seedDemoClinic(db, config)
		}
	} finally {
		await db.destroy()
	}

	if (config.role === 'migrate') {
		say('The database is up to date')
		return false
	}

	const redisUrl = config.redisUrl ?? (redis?.url as string)
	await untilRedisReachable(redisUrl, waiting)
	const node = await startNode({ config, log, databaseUrl, redisUrl, version: version() })
	stops.push(node.stop)
	say(`Liveslot is ready on ${node.url}`)
	if (config.demo) say('Demo accounts: admin@, reception@, doctor@, patient@clinic.example, password demo-clinic-2026')
	return true
}

/** For running work; what still hangs then is not worth waiting for. */
const patienceMs = 10_000

/** @returns whether it was done in time */
const inTime = async (done: Promise<unknown>): Promise<boolean> => await Promise.race([done.then(() => true), sleep(patienceMs, false)])

/** What hangs or fails keeps nothing else from being stopped. @returns whether nothing did */
const stopAll = async (stops: Stop[]): Promise<boolean> => {
	let isWell = true
	const noteFailure = (error: unknown) => {
		isWell = false
		process.stderr.write(`while stopping: ${error}\n`)
	}
	for (const stop of stops.reverse()) isWell = (await inTime(stop().catch(noteFailure))) && isWell
	return isWell
}

/** What is worth knowing of an error that ends the start: a line for what an operator can mend, and all there is for the rest. */
const explain = (error: unknown): string => {
	if (error instanceof ConfigError || error instanceof EmbeddedServerError || error instanceof NotServedError) return error.message
	const { code, stack } = error as NodeJS.ErrnoException
	return code === 'EADDRINUSE' ? 'PORT is in use: choose another one' : String(stack ?? error)
}

const main = async () => {
	const stops: Stop[] = []
	const calledOff = new AbortController()
	let stopping = false
	const stop = async (signal: string) => {
		if (stopping) return
		stopping = true
		say(`${signal}: finishing running work`)
		calledOff.abort()
		const isStarted = await inTime(started.catch(() => {}))
		const isStopped = await stopAll(stops)
		process.exit(isStarted && isStopped ? 0 : 1)
	}
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal))

	const started = start(stops, calledOff.signal)
	try {
		if (await started) return
		await stopAll(stops)
		process.exit(0)
	} catch (error) {
		if (stopping) return
		stopping = true
		process.stderr.write(`${explain(error)}\n`)
		await stopAll(stops)
		process.exit(1)
	}
}

await main()
