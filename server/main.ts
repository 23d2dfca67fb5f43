import { readFileSync } from 'node:fs'
import pTimeout from 'p-timeout'
import { ConfigError, loadConfig } from './config.ts'
import { firstAdminToken, hasAdmin } from './identity/first-admin.ts'
import { startNode } from './node.ts'
import { createDatabase, grantToServer, mayGrant, migrate } from './platform/database/database.ts'
import { startEmbeddedPostgres } from './platform/embedded/postgres.ts'
import { EmbeddedServerError } from './platform/embedded/process.ts'
import { NotServedError, untilDatabaseReachable, untilRedisReachable, type Waiting } from './platform/embedded/reachable.ts'
import { startEmbeddedRedis } from './platform/embedded/redis.ts'
import { prepareJobs } from './platform/jobs/jobs.ts'
import { createLog } from './platform/observability/log.ts'

/** How long running work may take to end. Work that takes longer is abandoned. */
const patienceMs = 10_000

await main()

type Stop = () => Promise<void>

/** Starts the server, and stops it when told to or when an error was not caught. */
async function main(): Promise<void> {
	const stops: Stop[] = []
	const calledOff = new AbortController()
	let isEnding = false

	const started = start(stops, calledOff.signal)
	for (const signal of ['SIGINT', 'SIGTERM'] as const)
		process.on(signal, () => {
			if (!isEnding) say(`${signal}: finishing running work`)
			void end(0)
		})
	// Includes rejections without a handler. The failed work's state is unknown, so the process must not continue.
	process.on('uncaughtException', error => {
		createLog('fatal').fatal({ err: error }, 'error that nothing caught; stopping')
		void end(1)
	})

	try {
		if (await started) return
		await stopAll(stops)
		process.exit(0)
	} catch (error) {
		if (isEnding) return
		isEnding = true
		process.stderr.write(`${explain(error)}\n`)
		await stopAll(stops)
		process.exit(1)
	}

	async function end(code: 0 | 1): Promise<void> {
		if (isEnding) return
		isEnding = true
		calledOff.abort()
		const isStarted = await inTime(started.catch(() => {}))
		const isStopped = await stopAll(stops)
		process.exit(isStarted && isStopped ? code : 1)
	}
}

/**
 * Starts everything in order and pushes to `stops` what was started, to be stopped in the opposite order. The role `migrate` updates
 * the database and starts nothing, for releases that must not serve before.
 *
 * @returns whether there is a node to keep running
 */
async function start(stops: Stop[], signal: AbortSignal): Promise<boolean> {
	// Some hosts run one image in several roles and can set only the command of each.
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
	let lacksAdmin = false
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
		lacksAdmin = !(await hasAdmin(db))
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
	if (lacksAdmin && config.role !== 'worker') {
		const token = firstAdminToken(config.jwtSecret, Date.now())
		say(`There is no admin yet. Within an hour, open the first account on ${config.publicUrl ?? node.url}/first-admin?token=${token}`)
	}
	if (config.demo) say('Demo accounts: admin@, reception@, doctor@, patient@clinic.example, password demo-clinic-2026')
	return true
}

function say(line: string): void {
	process.stdout.write(`${line}\n`)
}

function version(): string {
	for (const file of ['../package.json', '../../package.json']) {
		try {
			return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')).version
		} catch {}
	}
	return '0.0.0'
}

/**
 * Stops everything in the opposite order. A stop that hangs or fails does not keep the others from running.
 *
 * @returns whether all stops succeeded
 */
async function stopAll(stops: Stop[]): Promise<boolean> {
	let isWell = true
	for (const stop of stops.reverse()) isWell = (await inTime(stop().catch(noteFailure))) && isWell

	return isWell

	function noteFailure(error: unknown) {
		isWell = false
		process.stderr.write(`while stopping: ${error}\n`)
	}
}

/** @returns whether the work ended in time */
async function inTime(done: Promise<unknown>): Promise<boolean> {
	return await pTimeout(
		done.then(() => true),
		{ milliseconds: patienceMs, fallback: () => false },
	)
}

/** Describes an error that ends the start: one line for what an operator can fix, all details for other errors. */
function explain(error: unknown): string {
	if (error instanceof ConfigError || error instanceof EmbeddedServerError || error instanceof NotServedError) return error.message
	const { code, stack } = error as NodeJS.ErrnoException
	return code === 'EADDRINUSE' ? 'PORT is in use: choose another one' : String(stack ?? error)
}
