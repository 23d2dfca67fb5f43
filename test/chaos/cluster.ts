import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { loadConfig } from '../../server/config.ts'
import { createDatabase, type Db, migrate } from '../../server/platform/database/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../server/platform/embedded/postgres.ts'
import { exitOf, freePort } from '../../server/platform/embedded/process.ts'
import { findRedisServer } from '../../server/platform/embedded/redis.ts'
import { testEnvironment } from '../support/environment.ts'
import { type ProcessNode, startProcessNode } from '../support/processes.ts'
import { waitFor } from '../support/wait.ts'
import { createDisk } from './disk.ts'
import { type Link, startLink } from './link.ts'

export type Cluster = Awaited<ReturnType<typeof startCluster>>

export type ChaosNode = { place: number; process: ProcessNode | undefined; toRedis: Link; toPostgres: Link; clockFile: string }

export type ClusterOptions = {
	/** How many nodes; 3 by default. */
	size?: number
	/** The program of the nodes; this checkout's build by default. */
	program?: string
	/** Puts the files of PostgreSQL and Redis on a disk of this size, which a fault can fill. Needs root. */
	diskMegabytes?: number
}

const shiftedClock = new URL('./shifted-clock.mjs', import.meta.url).href

/** Nodes as processes, with their own PostgreSQL and Redis, and links between them that faults can cut. */
export async function startCluster({ size = 3, program, diskMegabytes }: ClusterOptions = {}) {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-chaos-'))
	const disk = diskMegabytes === undefined ? undefined : createDisk(directory, diskMegabytes)
	// PostgreSQL runs as another user, who must reach the directory.
	chmodSync(directory, 0o711)
	let postgres: EmbeddedPostgres | undefined = await startEmbeddedPostgres(directory)
	const postgresPort = () => Number(new URL((postgres as EmbeddedPostgres).url).port)
	const toPostgres = await startLink(postgresPort())
	const throughLink = ({ port }: Link) => Object.assign(new URL((postgres as EmbeddedPostgres).url), { port: String(port) }).href
	const databaseUrl = throughLink(toPostgres)
	const redisPort = await freePort()
	let redis: ChildProcess | undefined = await startRedis(directory, redisPort)
	const db: Db = createDatabase({ url: databaseUrl, poolSize: 5 })
	await migrate(db)

	const nodes: ChaosNode[] = []
	for (let place = 0; place < size; place++) {
		const clockFile = path.join(directory, `clock-${place}`)
		writeFileSync(clockFile, '0')
		const links = { toRedis: await startLink(redisPort), toPostgres: await startLink(postgresPort()) }
		nodes.push({ place, process: undefined, ...links, clockFile })
	}
	await Promise.all(nodes.map(startNode))

	const postmaster = () => Number(readFileSync(path.join(directory, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])

	return {
		nodes,
		db,
		databaseUrl,
		redisUrl: `redis://127.0.0.1:${redisPort}`,
		disk,
		clinic: { db, config: loadConfig(testEnvironment(directory)) },
		urls: () => nodes.flatMap(({ process }) => process?.url ?? []),
		readiness,
		/** Connects to Redis directly, past the links. */
		async onRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
			const admin = new Redis(redisPort, { retryStrategy: () => 100 })
			admin.on('error', () => {})
			try {
				return await work(admin)
			} finally {
				admin.disconnect()
			}
		},
		async end(node: ChaosNode, signal: NodeJS.Signals) {
			const ended = node.process
			node.process = undefined
			return await ended?.stop(signal)
		},
		startNode,
		async stopRedis(signal: NodeJS.Signals) {
			const exited = redis && exitOf(redis)
			redis?.kill(signal)
			await exited
			redis = undefined
		},
		startRedis: async () => {
			redis = await startRedis(directory, redisPort)
		},
		/** Restarts stores that ended by themselves, as their supervisor would. */
		async restoreStores() {
			if (redis?.exitCode !== null) redis = await startRedis(directory, redisPort)
			try {
				process.kill(postmaster(), 0)
			} catch {
				await this.startPostgres()
			}
		},
		killPostgres: (signal: NodeJS.Signals) => process.kill(postmaster(), signal),
		async startPostgres() {
			postgres = await startEmbeddedPostgres(directory)
			for (const link of [toPostgres, ...nodes.map(node => node.toPostgres)]) link.leadTo(postgresPort())
		},
		untilHealthy: async (timeoutMs: number): Promise<void> => {
			let statuses: number[] = []

			async function areReady() {
				statuses = await Promise.all(nodes.map(readiness))
				return statuses.every(status => status === 200)
			}

			await waitFor(areReady, 'every node to be ready', timeoutMs).catch(error => {
				throw new Error(`${error.message}; they answer ${statuses.join(', ')}`)
			})
		},
		async stop() {
			await Promise.all(nodes.map(node => node.process?.stop('SIGKILL')))
			await db.destroy()
			await postgres?.stop()
			redis?.kill('SIGKILL')
			await Promise.all([toPostgres, ...nodes.flatMap(node => [node.toRedis, node.toPostgres])].map(link => link.stop()))
			disk?.remove()
			rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
		},
	}

	async function readiness({ process }: ChaosNode): Promise<number> {
		return process
			? await fetch(`${process.url}/readyz`, { signal: AbortSignal.timeout(3000) }).then(
					({ status }) => status,
					() => 0,
				)
			: 0
	}

	async function startNode(node: ChaosNode) {
		const stores = { redisUrl: `redis://127.0.0.1:${node.toRedis.port}`, databaseUrl: throughLink(node.toPostgres) }
		const settings = { NODE_OPTIONS: `--import ${shiftedClock}`, CLOCK_FILE: node.clockFile, HOLD_SECONDS: '3' }
		// Restarts a node that ends because PostgreSQL is away, as its supervisor would.
		for (let attempt = 1; !node.process; attempt++) {
			node.process = await startProcessNode(stores, settings, program).catch(error => {
				if (attempt === 20) throw error
				return undefined
			})
		}
	}
}

async function startRedis(directory: string, port: number): Promise<ChildProcess> {
	const program = await findRedisServer(directory, console.log)
	const settings = ['--bind', '127.0.0.1', '--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction']
	const child = spawn(program, ['--port', String(port), '--dir', directory, ...settings], { stdio: 'ignore' })
	const redis = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: null })
	redis.on('error', () => {})
	await redis.ping()
	redis.disconnect()
	return child
}
