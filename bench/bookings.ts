import type { BenchContext, Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic, newKey, slotIdOf, type Wish, wishes } from './support/clinic.ts'
import { bookDirectly, openPool, runOn } from './support/direct-booking.ts'
import { connectMany, granted, LightSocket } from './support/light-socket.ts'
import { alternate, inParallel, type Pair, ratioRow } from './support/measure.ts'
import { startServer } from './support/node.ts'
import { startWorker } from './support/worker.ts'

const sockets = 100
const inFlight = 400
/** The pool sizes from which the baseline chooses the fastest. */
const poolSizes = [4, 8, 16, 32, 64]
const probeBookings = 600

let open: LightSocket[] = []

const seconds = async (work: () => Promise<void>): Promise<number> => {
	const began = performance.now()
	await work()
	return (performance.now() - began) / 1000
}

export const work = {
	/** Connects the patients, spread over the nodes. */
	async connect(urls: string[], clinic: BenchClinic) {
		for (const socket of open) socket.close()
		open = await connectMany(clinic.patients.length, index =>
			LightSocket.connect(urls[index % urls.length] as string, clinic.patients[index]?.token),
		)
	},
	/** Measures bookings a second, each acknowledged over the patient's own socket. */
	async book(clinic: BenchClinic, list: Wish[]) {
		const book = async (index: number) => {
			const wish = list[index] as Wish
			const socket = open[wish.patient] as LightSocket
			granted(await socket.ask('appointment:book', { slotId: slotIdOf(clinic, wish), idempotencyKey: newKey() }))
		}
		return list.length / (await seconds(() => inParallel(list.length, inFlight, book)))
	},
	/** Measures the baseline in bookings a second: the same SQL, one transaction for each booking, straight from a pool. */
	async bookDirectly(databaseUrl: string, connections: number, clinic: BenchClinic, list: Wish[]) {
		const pool = await openPool(databaseUrl, connections)
		const run = runOn(pool)
		const each = (index: number) => bookDirectly(run, clinic, list[index] as Wish)
		const taken = await seconds(() => inParallel(list.length, connections, each))
		await pool.end()
		return list.length / taken
	},
}

/** Returns successive ranges of a clinic's bookings, each once. */
export const wishList = (clinic: BenchClinic) => {
	let slot = 0
	return (count: number): Wish[] => {
		const list = wishes(clinic, slot, count)
		slot += Math.ceil(count / clinic.doctorIds.length)
		return list
	}
}

/** How many bookings a clinic must have room for: those of every round on both sides, and of the search for the best pool. */
export const slotsNeeded = (rounds: number, bookings: number, doctors: number, sides = 2) =>
	Math.ceil(((rounds + 1) * sides * bookings + poolSizes.length * probeBookings) / doctors) + 2 * rounds + 10

const compare = async ({ stores, rounds, short, say }: BenchContext, doctors: number): Promise<Pair[]> => {
	const bookings = short ? 1000 : 4000
	const fresh = await stores.fresh()
	const clinic = await aClinic(fresh.databaseUrl, { doctors, patients: sockets, slots: slotsNeeded(rounds, bookings, doctors) })
	const node = await startServer(fresh)
	const [load, direct] = await Promise.all([startWorker<typeof work>(import.meta.url), startWorker<typeof work>(import.meta.url)])
	const take = wishList(clinic)
	try {
		await load.call('connect', [node.url], clinic)
		const probes: { size: number; rate: number }[] = []
		for (const size of poolSizes)
			probes.push({ size, rate: await direct.call('bookDirectly', fresh.databaseUrl, size, clinic, take(probeBookings)) })
		const best = probes.reduce((a, b) => (b.rate > a.rate ? b : a))
		say(`the pool is at its best with ${best.size} connections: ${best.rate.toFixed(0)} bookings a second`)
		return await alternate({
			rounds,
			subject: () => load.call('book', clinic, take(bookings)),
			baseline: () => direct.call('bookDirectly', fresh.databaseUrl, best.size, clinic, take(bookings)),
		})
	} finally {
		await Promise.all([load.stop(), direct.stop()])
		await node.stop()
		await fresh.drop()
	}
}

/** 100 sockets, 400 requests in flight, against one transaction a booking from a pool at its best concurrency. */
const bookings = (name: string, title: string, doctors: number, atLeast: number): Benchmark => ({
	name,
	run: async context => [ratioRow(title, { atLeast, unit: 'x' }, await compare(context, doctors), 'bookings/s')],
})

export const manyDoctors = bookings('bookings-many', 'bookings, many doctors', 100, 1.5)
export const fewDoctors = bookings('bookings-few', 'bookings, few doctors', 10, 2.5)
