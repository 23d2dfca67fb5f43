import { writeFileSync } from 'node:fs'
import pg from 'pg'
import type { ChaosClient } from './client.ts'
import type { ChaosNode, Cluster } from './cluster.ts'
import { reconnectInAStorm, watchWithoutReading } from './crowds.ts'

/** The clients and doctors of the trial, for faults that need them. */
export type Scene = { clients: readonly ChaosClient[]; doctorIds: readonly string[] }

export type Fault = {
	name: string
	/** `/readyz` must report an outage meanwhile. */
	outage?: boolean
	/** Every request must get an answer, even if the answer asks to come back. */
	drops?: 'nothing'
	/** Whether this cluster cannot have the fault. */
	isBeyond?: (cluster: Cluster) => boolean
	/** Does harm, and ends the harm. The cluster must heal by itself afterwards. */
	harm(cluster: Cluster, scene: Scene): Promise<void>
}

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
const anyNode = ({ nodes }: Cluster) => nodes[Math.floor(Math.random() * nodes.length)] as ChaosNode

const otherBackends = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'liveslot%' AND pid <> pg_backend_pid()`

/** Longer than a lease: another node owns the mailbox by then. */
const beyondLeaseMs = 6000

export const faults: Fault[] = [
	{ name: 'nothing', harm: () => sleep(2000) },
	{ name: 'node-killed', harm: cluster => replaced(cluster, 'SIGKILL') },
	{ name: 'node-stopped', drops: 'nothing', harm: cluster => replaced(cluster, 'SIGTERM') },
	{ name: 'node-frozen', harm: cluster => frozen(anyNode(cluster), beyondLeaseMs) },
	{
		name: 'lock-holder-killed',
		async harm(cluster) {
			let killed: ChaosNode | undefined
			await whileSettling(cluster, async node => {
				killed = node
				await cluster.end(node, 'SIGKILL')
			})
			await cluster.startNode(killed as ChaosNode)
		},
	},
	{
		name: 'lock-holder-frozen',
		async harm(cluster) {
			let waking: Promise<void> | undefined
			// PostgreSQL commits the batch while its node is frozen; the next owner of the lease finds the outcomes.
			await whileSettling(cluster, async node => {
				waking = frozen(node, beyondLeaseMs)
				await sleep(500)
			})
			await waking
		},
	},
	{ name: 'redis-restarted', outage: true, harm: cluster => redisAway(cluster, 'SIGTERM') },
	{ name: 'redis-killed', outage: true, harm: cluster => redisAway(cluster, 'SIGKILL') },
	{ name: 'redis-flushed', harm: cluster => cluster.onRedis(async redis => void (await redis.flushall())) },
	{
		name: 'redis-paused',
		async harm(cluster) {
			await cluster.onRedis(async redis => void (await redis.client('PAUSE', 3000, 'ALL')))
			await sleep(3000)
		},
	},
	{
		name: 'redis-slow',
		async harm({ nodes }) {
			for (const { toRedis } of nodes) toRedis.slowDown(150)
			await sleep(4000)
			for (const { toRedis } of nodes) toRedis.slowDown(0)
		},
	},
	{
		name: 'redis-full',
		async harm(cluster) {
			await cluster.onRedis(async redis => void (await redis.config('SET', 'maxmemory', '1mb')))
			await sleep(3000)
			await cluster.onRedis(async redis => void (await redis.config('SET', 'maxmemory', '0')))
		},
	},
	{ name: 'redis-link-cut', harm: cluster => linkCut(cluster, 'toRedis') },
	{ name: 'postgres-restarted', outage: true, harm: cluster => postgresAway(cluster, 'SIGINT') },
	{ name: 'postgres-killed', outage: true, harm: cluster => postgresAway(cluster, 'SIGKILL') },
	{
		name: 'postgres-backends-terminated',
		async harm(cluster) {
			for (let i = 0; i < 10; i++) {
				await onPostgres(cluster, client => client.query(otherBackends))
				await sleep(200)
			}
		},
	},
	{ name: 'postgres-link-cut', harm: cluster => linkCut(cluster, 'toPostgres') },
	{
		name: 'disk-full',
		isBeyond: cluster => cluster.disk === undefined,
		async harm(cluster) {
			cluster.disk?.fill()
			await sleep(4000)
			cluster.disk?.empty()
			await cluster.restoreStores()
		},
	},
	{
		name: 'postgres-full-of-connections',
		async harm(cluster) {
			const taken: pg.Client[] = []
			for (let i = 0; i < 200; i++) {
				const client = new pg.Client({ connectionString: cluster.databaseUrl })
				client.on('error', () => {})
				const isIn = await client.connect().then(
					() => true,
					() => false,
				)
				if (!isIn) break
				taken.push(client)
			}
			// The nodes lose their connections, and PostgreSQL has no room for new ones.
			await taken[0]?.query(otherBackends).catch(() => {})
			await sleep(2000)
			await Promise.all(taken.map(client => client.end().catch(() => {})))
		},
	},
	{
		name: 'clock-jumps',
		async harm(cluster) {
			const { clockFile } = anyNode(cluster)
			for (const shiftMs of [3_600_000, -3_600_000, 0]) {
				writeFileSync(clockFile, String(shiftMs))
				await sleep(2000)
			}
		},
	},
	{
		name: 'clients-vanish',
		async harm(_cluster, { clients }) {
			for (const client of clients) client.vanish()
		},
	},
	{ name: 'clients-in-a-storm', harm: (cluster, { doctorIds }) => reconnectInAStorm(cluster.urls(), doctorIds, 2000) },
	{ name: 'clients-that-never-read', harm: (cluster, { doctorIds }) => watchWithoutReading(cluster.urls(), doctorIds, 100, 5000) },
]

/** Pairs of faults, one pair after the other, chosen at random. */
export function atRandom(rounds: number): Fault {
	return {
		name: 'at-random',
		async harm(cluster, scene) {
			// These need PostgreSQL to do their harm, so they cannot share a round with an outage.
			const alone = ['nothing', 'postgres-full-of-connections', 'lock-holder-killed', 'lock-holder-frozen', 'postgres-backends-terminated']
			const harmful = faults.filter(({ name, isBeyond }) => !alone.includes(name) && !isBeyond?.(cluster))
			const isOfStores = ({ name }: Fault) => /^(redis|postgres|disk)-/.test(name)
			for (let i = 0; i < rounds; i++) {
				const first = harmful[Math.floor(Math.random() * harmful.length)] as Fault
				const others = harmful.filter(each => isOfStores(each) !== isOfStores(first))
				const second = others[Math.floor(Math.random() * others.length)] as Fault
				const both = together(first, second)
				console.log(`    ${both.name}`)
				await both.harm(cluster, scene)
			}
		},
	}
}

/** Two faults at once. */
export function together(first: Fault, second: Fault): Fault {
	return {
		name: `${first.name}+${second.name}`,
		harm: async (cluster, scene) => void (await Promise.all([first.harm(cluster, scene), second.harm(cluster, scene)])),
	}
}

async function replaced(cluster: Cluster, signal: NodeJS.Signals) {
	const node = anyNode(cluster)
	await cluster.end(node, signal)
	await sleep(500)
	await cluster.startNode(node)
}

async function frozen(node: ChaosNode, forMs: number) {
	const { pid } = node.process as { pid: number }
	process.kill(pid, 'SIGSTOP')
	await sleep(forMs)
	process.kill(pid, 'SIGCONT')
}

/**
 * Does harm to a node while the node writes a batch, and so owns the lease: makes the statement wait in PostgreSQL, which commits
 * afterwards, whether or not the node still lives.
 */
async function whileSettling(cluster: Cluster, harm: (node: ChaosNode) => Promise<void>): Promise<void> {
	let settling: ChaosNode | undefined
	await onPostgres(cluster, async client => {
		await client.query('BEGIN; LOCK TABLE appointments IN SHARE MODE')
		while (!settling) {
			await sleep(20)
			const { rows } = await client.query(`SELECT client_port FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
			settling = cluster.nodes.find(({ process, toPostgres }) => process && rows.some(row => toPostgres.carries(row.client_port)))
		}
		await harm(settling)
		await client.query('ROLLBACK')
	})
}

async function onPostgres(cluster: Cluster, work: (client: pg.Client) => Promise<unknown>) {
	const client = new pg.Client({ connectionString: cluster.databaseUrl })
	client.on('error', () => {})
	await client.connect()
	await work(client).finally(() => client.end().catch(() => {}))
}

async function redisAway(cluster: Cluster, signal: NodeJS.Signals) {
	await cluster.stopRedis(signal)
	await sleep(3000)
	await cluster.startRedis()
}

async function linkCut(cluster: Cluster, which: 'toRedis' | 'toPostgres') {
	const link = anyNode(cluster)[which]
	link.cut()
	await sleep(4000)
	link.mend()
}

async function postgresAway(cluster: Cluster, signal: NodeJS.Signals) {
	cluster.killPostgres(signal)
	await sleep(2000)
	await cluster.startPostgres()
}
