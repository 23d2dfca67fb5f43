import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, constants, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import pTimeout from 'p-timeout'
import { EmbeddedServerError, exitOf, freePort, guardAgainstCrash, makePrivateDirectory, stopLeftOver, untilReady } from './process.ts'

const stopMs = 3000

export type EmbeddedRedis = { url: string; stop(): Promise<void> }

/** Starts a private Redis with its append-only file in `dataDir/redis`. It listens on loopback only and asks for a random password. */
export async function startEmbeddedRedis(dataDir: string, say: (line: string) => void): Promise<EmbeddedRedis> {
	const program = await findRedisServer(dataDir, say)
	const directory = path.join(dataDir, 'redis')
	makePrivateDirectory(directory)
	const pidFile = path.join(directory, 'redis.pid')
	await stopEarlier(directory, pidFile)

	for (let attempt = 0; attempt < 5; attempt++) {
		const port = await freePort()
		const password = randomBytes(18).toString('hex')
		const settings = path.join(directory, 'redis.conf')
		// The password goes into a file, because every user of the machine can read the command line.
		writeFileSync(
			settings,
			[
				`port ${port}`,
				'bind 127.0.0.1',
				`requirepass ${password}`,
				'appendonly yes',
				'appendfsync everysec',
				'save ""',
				`dir ${JSON.stringify(directory)}`,
				'maxmemory-policy noeviction',
				'logfile redis.log',
				'',
			].join('\n'),
			{ mode: 0o600 },
		)
		// In its own process session, so that Ctrl-C reaches only the node, which stops its servers last.
		const child = spawn(program, [settings], { detached: true, stdio: 'ignore', cwd: directory })
		child.on('error', () => {})
		const callOff = child.pid ? guardAgainstCrash(child.pid, 'TERM') : () => {}
		writeFileSync(pidFile, `${child.pid ?? 0} ${process.pid}`, { mode: 0o600 })
		const url = `redis://:${password}@127.0.0.1:${port}`
		const ready = await untilReady(
			child,
			async () => {
				const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
				probe.on('error', () => {})
				try {
					await probe.connect()
					await probe.ping()
				} finally {
					probe.disconnect()
				}
			},
			60_000,
		)
		if (!ready) {
			child.kill('SIGKILL')
			callOff()
			continue
		}
		child.unref()
		return {
			url,
			stop: async () => {
				const exited = exitOf(child)
				child.kill('SIGTERM')
				// Killing a hanging Redis loses no more than a crash: its file is at most a second behind.
				await pTimeout(exited, { milliseconds: stopMs, fallback: () => void child.kill('SIGKILL') })
				await exited
				callOff()
				rmSync(pidFile, { force: true })
			},
		}
	}
	throw new EmbeddedServerError(`Redis does not start; its log is ${path.join(directory, 'redis.log')}`)
}

const run = promisify(execFile)

const waysToRedis = { onPath, installWithApt, buildWithoutRoot, isRoot: () => process.getuid?.() === 0 }

/** The steps by which Redis is found or installed, which tests replace. */
export type WaysToRedis = typeof waysToRedis

/**
 * Finds a Redis server or installs one without asking: as root from the system's packages, otherwise by building it.
 *
 * @throws EmbeddedServerError with one line that says what to do
 */
export async function findRedisServer(dataDir: string, say: (line: string) => void, ways: WaysToRedis = waysToRedis): Promise<string> {
	const found = ways.onPath('redis-server')
	if (found) return found
	const reasons: string[] = []
	if (ways.isRoot() && ways.onPath('apt-get')) {
		try {
			await ways.installWithApt(say)
			const installed = ways.onPath('redis-server')
			if (installed) return installed
		} catch (error) {
			reasons.push(`apt-get: ${reasonOf(error)}`)
		}
	}
	try {
		return await ways.buildWithoutRoot(dataDir, say)
	} catch (error) {
		reasons.push(`build: ${reasonOf(error)}`)
	}
	throw new EmbeddedServerError(`Redis is missing: install redis-server, or set REDIS_URL (${reasons.join('; ')})`)
}

function onPath(program: string): string | undefined {
	return [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin']
		.filter(Boolean)
		.map(directory => path.join(directory, program))
		.find(file => {
			try {
				accessSync(file, constants.X_OK)
				return true
			} catch {
				return false
			}
		})
}

async function installWithApt(say: (line: string) => void) {
	say('redis-server is not installed; installing it with apt-get')
	// This run level keeps the package from starting a server of its own.
	const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
	await run('apt-get', ['update', '-qq'], { env, timeout: 180_000 })
	await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], { env, timeout: 300_000 })
}

async function buildWithoutRoot(dataDir: string, say: (line: string) => void): Promise<string> {
	say('redis-server is not installed; building a private one (this takes a minute, once)')
	const { RedisBinary } = await import('redis-memory-server')
	return await RedisBinary.getPath({ downloadDir: path.join(dataDir, 'redis-binaries') })
}

const reasonOf = (error: unknown) => (error as Error).message.split('\n')[0]

async function stopEarlier(directory: string, pidFile: string) {
	try {
		const [pid = 0, startedBy = 0] = readFileSync(pidFile, 'utf8').split(' ').map(Number)
		// The process id may belong to another program by now. Only a Redis that works in this directory is ours to stop.
		if (readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory))
			await stopLeftOver({ pid, startedBy, name: 'Redis', signal: 'SIGTERM' })
	} catch (error) {
		if (error instanceof EmbeddedServerError) throw error
	}
	rmSync(pidFile, { force: true })
}
