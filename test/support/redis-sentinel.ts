import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { freePort, guardAgainstCrash } from '../../server/platform/embedded/process.ts'
import { findRedisServer } from '../../server/platform/embedded/redis.ts'
import { waitFor } from './wait.ts'

const downAfterMs = 1000

/** Starts a master with a replica, and three sentinels that promote the replica when needed. */
export const startRedisSentinel = async () => {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-sentinel-'))
	const program = await findRedisServer(directory, () => {})
	const children: { child: ChildProcess; callOff: () => void }[] = []

	const start = async (lines: string[], ...kind: string[]): Promise<{ port: number; child: ChildProcess }> => {
		const port = await freePort()
		const own = path.join(directory, String(port))
		mkdirSync(own)
		const file = path.join(own, 'redis.conf')
		writeFileSync(file, ['bind 127.0.0.1', `port ${port}`, `dir ${own}`, ...lines].join('\n'))
		const child = spawn(program, [file, ...kind], { stdio: 'ignore' })
		children.push({ child, callOff: guardAgainstCrash(child.pid as number, 'TERM') })
		return { port, child }
	}
	const asked = async <T>(port: number, ask: (redis: Redis) => Promise<T>): Promise<T> => {
		const redis = new Redis(port, { maxRetriesPerRequest: null, retryStrategy: () => 50 })
		redis.on('error', () => {})
		return await ask(redis).finally(() => redis.disconnect())
	}

	const master = await start(['save ""', 'appendonly yes'])
	const replica = await start(['save ""', 'appendonly yes', `replicaof 127.0.0.1 ${master.port}`])
	await waitFor(
		() => asked(replica.port, async redis => (await redis.info('replication')).includes('master_link_status:up')),
		'the replica',
		15_000,
	)
	const watching = [
		`sentinel monitor clinic 127.0.0.1 ${master.port} 2`,
		`sentinel down-after-milliseconds clinic ${downAfterMs}`,
		'sentinel failover-timeout clinic 5000',
	]
	const sentinels = [await start(watching, '--sentinel'), await start(watching, '--sentinel'), await start(watching, '--sentinel')]
	const knowsAll = ({ port }: { port: number }) =>
		asked(port, async redis => {
			const fields = (await redis.call('SENTINEL', 'MASTER', 'clinic')) as string[]
			const field = (name: string) => fields[fields.indexOf(name) + 1]
			return field('num-slaves') === '1' && field('num-other-sentinels') === '2'
		})
	await waitFor(async () => (await Promise.all(sentinels.map(knowsAll))).every(Boolean), 'the sentinels to know each other', 20_000)

	return {
		url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/clinic`,
		killMaster: () => void master.child.kill('SIGKILL'),
		/** Makes a sentinel accept connections and never answer. */
		freezeASentinel: () => void sentinels[0]?.child.kill('SIGSTOP'),
		stop: async () => {
			for (const { child, callOff } of children) {
				const ended = child.exitCode !== null || child.signalCode !== null || new Promise(resolve => child.once('exit', resolve))
				child.kill('SIGKILL')
				await ended
				callOff()
			}
			rmSync(directory, { recursive: true, force: true })
		},
	}
}

export type TestRedisSentinel = Awaited<ReturnType<typeof startRedisSentinel>>
