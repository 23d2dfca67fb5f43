import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command, Redis } from 'ioredis'
import { freePort, guardAgainstCrash } from '../../server/platform/embedded/process.ts'
import { findRedisServer } from '../../server/platform/embedded/redis.ts'
import { tagOf } from '../../server/platform/redis/shard.ts'
import { waitFor } from './wait.ts'

const slotCount = 16_384
const masterCount = 3
const firstSlotOf = (master: number) => Math.ceil((slotCount * master) / masterCount)

type Master = { port: number; busPort: number; admin: Redis; start(): void; kill(): Promise<void> }

const aMaster = async (program: string, directory: string, password: string): Promise<Master> => {
	const [port, busPort] = [await freePort(), await freePort()]
	const own = path.join(directory, `${port}`)
	mkdirSync(own)
	const settings = {
		port,
		'cluster-port': busPort,
		bind: '127.0.0.1',
		requirepass: password,
		'cluster-enabled': 'yes',
		'cluster-node-timeout': 2000,
		appendonly: 'yes',
		// Keeps every acknowledged write through a kill.
		appendfsync: 'always',
		save: '',
		dir: own,
	}
	let child: ChildProcess | undefined
	let callOff = () => {}
	const admin = new Redis({ host: '127.0.0.1', port, password, lazyConnect: true, retryStrategy: () => 100, maxRetriesPerRequest: null })
	admin.on('error', () => {})
	return {
		port,
		busPort,
		admin,
		start() {
			child = spawn(
				program,
				Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
				{ stdio: 'ignore' },
			)
			callOff = guardAgainstCrash(child.pid as number, 'TERM')
		},
		async kill() {
			if (!child) return
			const ended = new Promise(resolve => child?.once('exit', resolve))
			child.kill('SIGKILL')
			await ended
			callOff()
			child = undefined
		},
	}
}

/** Starts three masters without replicas, in memory and a temporary directory. */
export const startRedisCluster = async () => {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-cluster-'))
	const program = await findRedisServer(directory, () => {})
	const password = randomBytes(12).toString('hex')
	const masters: Master[] = []
	while (masters.length < masterCount) masters.push(await aMaster(program, directory, password))
	for (const master of masters) master.start()

	const whole = async ({ admin }: Master) => {
		const info = String(await admin.cluster('INFO'))
		return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masterCount}`)
	}
	const untilWhole = () => waitFor(async () => (await Promise.all(masters.map(whole))).every(Boolean), 'the cluster to be whole', 15_000)

	const [first] = masters as [Master, ...Master[]]
	for (const [index, { admin }] of masters.entries()) {
		await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
		await admin.call('CLUSTER', 'ADDSLOTSRANGE', firstSlotOf(index), firstSlotOf(index + 1) - 1)
		if (index > 0) await admin.call('CLUSTER', 'MEET', '127.0.0.1', first.port, first.busPort)
	}
	await untilWhole()

	return {
		url: `redis+cluster://:${password}@${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
		masters,
		/** The position of the master that has a doctor's keys. */
		masterOf: (doctorId: string): number => {
			const slot = new Command('get', [tagOf(doctorId)]).getSlot() as number
			return masters.findLastIndex((_, index) => firstSlotOf(index) <= slot)
		},
		untilWhole,
		stop: async () => {
			for (const { admin } of masters) admin.disconnect()
			await Promise.all(masters.map(master => master.kill()))
			rmSync(directory, { recursive: true, force: true })
		},
	}
}

export type TestRedisCluster = Awaited<ReturnType<typeof startRedisCluster>>

/** A Redis Cluster for one `describe`. Call this before anything that connects to it. */
export const useRedisCluster = (): TestRedisCluster => {
	let cluster: TestRedisCluster | undefined
	before(async function () {
		this.timeout(30_000)
		cluster = await startRedisCluster()
	})
	after(async () => {
		await cluster?.stop()
	})
	return new Proxy({} as TestRedisCluster, { get: (_target, name) => Reflect.get(cluster as TestRedisCluster, name) })
}
