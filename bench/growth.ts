import { fetchLength, week } from './snapshot.ts'
import type { BenchContext, Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic, newKey, slotIdOf } from './support/clinic.ts'
import { connectMany, granted, LightSocket } from './support/light-socket.ts'
import { inParallel, quantile, type Row } from './support/measure.ts'
import { type BenchNode, startServer } from './support/node.ts'
import type { FreshStores } from './support/stores.ts'
import { startWorker, type Worker } from './support/worker.ts'

/** Slots of a doctor in sixty days, as in production. Only the number of doctors grows. */
const slotsPerDoctor = 2000
/** As many patients as the smallest table has doctors, so that each sees another doctor. Each holds five slots at once, the limit. */
const patients = 50
const atOnce = 4

type Times = { p50: number; p99: number }
type Sample = { book: Times; hold: Times; snapshot: Times }

let sockets: LightSocket[] = []

const timesOf = async (count: number, work: (index: number) => Promise<unknown>): Promise<Times> => {
	const times: number[] = []
	await inParallel(count, atOnce, async index => {
		const began = performance.now()
		await work(index)
		times.push(performance.now() - began)
	})
	return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}

export const work = {
	async connect(url: string, clinic: BenchClinic) {
		sockets = await connectMany(patients, index => LightSocket.connect(url, clinic.patients[index]?.token))
	},
	/** Measures the milliseconds of each kind of request on the slots from `from` on. Uses up two slots. */
	async measure(url: string, clinic: BenchClinic, from: number, count: number): Promise<Sample> {
		const { doctorIds } = clinic
		// Spreads the patients' doctors over the whole table, because neighbouring rows would share pages.
		const wish = (index: number, offset: number) => {
			const block = Math.floor(index / patients)
			const doctor = (Math.floor(((index % patients) * doctorIds.length) / patients) + 7 * block) % doctorIds.length
			return { patient: index % patients, doctor, slot: from + offset + 2 * block }
		}
		const socketOf = (index: number) => sockets[index % patients] as LightSocket
		const book = await timesOf(count, async index =>
			granted(await socketOf(index).ask('appointment:book', { slotId: slotIdOf(clinic, wish(index, 0)), idempotencyKey: newKey() })),
		)
		const hold = await timesOf(count, async index =>
			granted(await socketOf(index).ask('slot:hold', { slotId: slotIdOf(clinic, wish(index, 1)) })),
		)
		await inParallel(
			count,
			atOnce,
			async index => void (await socketOf(index).ask('slot:release', { slotId: slotIdOf(clinic, wish(index, 1)) })),
		)
		const { from: first, to } = week()
		const snapshot = await timesOf(count, index =>
			fetchLength(`${url}/api/v1/doctors/${doctorIds[wish(index, 0).doctor]}/slots?from=${first}&to=${to}`),
		)
		return { book, hold, snapshot }
	},
}

type Place = { size: number; fresh: FreshStores; clinic: BenchClinic; node: BenchNode; load: Worker<typeof work>; samples: Sample[] }

const open = async ({ stores, say }: BenchContext, size: number): Promise<Place> => {
	const fresh = await stores.fresh()
	const began = performance.now()
	const clinic = await aClinic(fresh.databaseUrl, { doctors: Math.ceil(size / slotsPerDoctor), patients, slots: slotsPerDoctor })
	say(`${size} slots made in ${((performance.now() - began) / 1000).toFixed(0)} s`)
	const node = await startServer(fresh)
	const load = await startWorker<typeof work>(import.meta.url)
	await load.call('connect', node.url, clinic)
	return { size, fresh, clinic, node, load, samples: [] }
}

const close = async ({ load, node, fresh }: Place) => {
	await load.stop()
	await node.stop()
	await fresh.drop()
}

const rowsOf = ([least, ...larger]: readonly Place[]): Row[] =>
	(['book', 'hold', 'snapshot'] as const).flatMap(kind =>
		(['p50', 'p99'] as const).map((which): Row => {
			const series = (place: Place | undefined) => place?.samples.map(sample => sample[kind][which]) ?? []
			const [base, last] = [series(least), series(larger.at(-1))]
			const ratios = (place: Place | undefined) => series(place).map((value, round) => value / (base[round] as number))
			const between = larger.slice(0, -1).map(place => `${place.size} slots: ${quantile(ratios(place), 0.5).toFixed(2)}x`)
			return {
				name: `growth, ${kind} ${which}`,
				target: { atMost: 1.3, unit: 'x' },
				values: ratios(larger.at(-1)),
				measured: { unit: 'ms', subject: last, baseline: base },
				note: between.join(', '),
			}
		}),
	)

/** Book, hold and snapshot with 0.1, 1 and 10 million slots in the table, in turns. Compares the largest table with the smallest. */
export const benchmark: Benchmark = {
	name: 'growth',
	async run(context) {
		const { rounds, short } = context
		const sizes = short ? [100_000, 300_000, 1_000_000] : [100_000, 1_000_000, 10_000_000]
		const count = short ? 100 : 5 * patients
		const places: Place[] = []
		try {
			for (const size of sizes) places.push(await open(context, size))
			const perRound = 2 * Math.ceil(count / patients) + 2
			for (let round = 0; round <= rounds; round++) {
				for (const { node, clinic, load, samples } of places) {
					const sample = await load.call('measure', node.url, clinic, round * perRound, count)
					if (round > 0) samples.push(sample)
				}
			}
			return rowsOf(places)
		} finally {
			for (const place of places) await close(place)
		}
	},
}
