import { type work as bookingWork, slotsNeeded, wishList } from './bookings.ts'
import { fanOutRange, type work as fanOutWork } from './fan-out.ts'
import type { BenchContext, Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic } from './support/clinic.ts'
import type { Row } from './support/measure.ts'
import { type BenchNode, startServer } from './support/node.ts'
import type { FreshStores } from './support/stores.ts'
import { startWorker } from './support/worker.ts'

const nodeCounts = [1, 2, 4]
const mostNodes = Math.max(...nodeCounts)
const sockets = 100
const doctors = 20
/** With one node as in the fan-out benchmark, with four as many for each node: a clinic adds nodes for more watchers. */
const watcherCounts = [2000, 8000]
/** V8 compiles hot code in each process, which takes a few seconds of work. Each process does this work before the rounds. */
const warmUps = 4 * mostNodes
/** The warm-ups as shares of the measured work: before the rounds, and in each round. After a pause, V8 compiles again for seconds. */
const warmUpShare = 0.5
const sharesAhead = { bookings: 2, fanOut: 0.5 }

/** The target: no loss on two cores, beyond the noise of a round. */
const target = { atLeast: 0.95, unit: 'x' as const }

const moduleUrl = (file: string) => new URL(file, import.meta.url).href

type Place = { fresh: FreshStores; clinic: BenchClinic; nodes: BenchNode[] }
/** Does an amount of work with a number of nodes, and resolves to the work a second. */
type Measure = (nodeCount: number, share: number) => Promise<number>
type Comparison = { rounds: number; unit: string; ahead: number }

/**
 * Measures every number of nodes in each round. Some work comes before the measurement, so that the number of nodes counts and not
 * that clients have just connected.
 */
const compare = async (name: string, { rounds, unit, ahead }: Comparison, measure: Measure): Promise<Row[]> => {
	const series = new Map<number, number[]>(nodeCounts.map(count => [count, []]))
	for (let time = 0; time < warmUps; time++) await measure(mostNodes, warmUpShare)
	for (let round = 0; round < rounds; round++) {
		for (const count of nodeCounts) {
			await measure(count, ahead)
			series.get(count)?.push(await measure(count, 1))
		}
	}
	const single = series.get(1) ?? []
	return nodeCounts.slice(1).map(count => {
		const several = series.get(count) ?? []
		const values = several.map((value, round) => value / (single[round] as number))
		return { name: `scale-out, ${name}, ${count} nodes`, target, values, measured: { unit, subject: several, baseline: single } }
	})
}

const bookings = async ({ clinic, nodes }: Place, rounds: number, count: number): Promise<Row[]> => {
	const load = await startWorker<typeof bookingWork>(moduleUrl('./bookings.ts'))
	const take = wishList(clinic)
	let connectedTo = 0
	try {
		return await compare('bookings', { rounds, unit: 'bookings/s', ahead: sharesAhead.bookings }, async (nodeCount, share) => {
			if (nodeCount !== connectedTo) await load.call('connect', urls(nodes, nodeCount), clinic)
			connectedTo = nodeCount
			return await load.call('book', clinic, take(count * share))
		})
	} finally {
		await load.stop()
	}
}

const urls = (nodes: readonly BenchNode[], count: number) => nodes.slice(0, count).map(node => node.url)

/** Measures how many changes the nodes can deliver: publishes the changes of a second at once. */
const fanOut = async ({ fresh, clinic, nodes }: Place, rounds: number, watchers: number, count: number): Promise<Row[]> => {
	let watchedOn = 0
	const load = await startWorker<typeof fanOutWork>(moduleUrl('./fan-out.ts'))
	try {
		const how = { rounds, unit: 'deliveries/s', ahead: sharesAhead.fanOut }
		return await compare(`fan-out to ${watchers / 1000},000`, how, async (nodeCount, share) => {
			if (nodeCount !== watchedOn) await load.call('watch', urls(nodes, nodeCount), clinic, watchers, fanOutRange())
			watchedOn = nodeCount
			const { deliveriesPerSecond } = await load.call('deliver', fresh.redisUrl, clinic, { count: count * share, perSecond: 1e6 }, false)
			return deliveriesPerSecond
		})
	} finally {
		await load.stop()
	}
}

const open = async ({ stores, rounds }: BenchContext, bookingsEach: number): Promise<Place> => {
	const fresh = await stores.fresh()
	const slots = slotsNeeded(
		Math.ceil(rounds * (1 + sharesAhead.bookings) + (warmUps * warmUpShare) / nodeCounts.length),
		bookingsEach,
		doctors,
		nodeCounts.length,
	)
	const clinic = await aClinic(fresh.databaseUrl, { doctors, patients: sockets, slots })
	const nodes: BenchNode[] = []
	for (let i = 0; i < mostNodes; i++) nodes.push(await startServer(fresh))
	return { fresh, clinic, nodes }
}

/** Bookings and fan-out with 1, 2 and 4 node processes on one machine, against one node. */
export const benchmark: Benchmark = {
	name: 'scale-out',
	async run(context) {
		const { rounds, short } = context
		const bookingsEach = short ? 1000 : 8000
		// The number of deliveries is the same for each number of watchers.
		const deliveries = short ? 10_000_000 : 100_000_000
		const place = await open(context, bookingsEach)
		try {
			const rows = await bookings(place, rounds, bookingsEach)
			for (const watchers of watcherCounts) rows.push(...(await fanOut(place, rounds, watchers, deliveries / watchers)))
			return rows
		} finally {
			await Promise.all(place.nodes.map(node => node.stop()))
			await place.fresh.drop()
		}
	},
}
