import pg from 'pg'
import type { Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic, newKey, slotIdOf, type Wish, wishes } from './support/clinic.ts'
import { bookDirectly, runOn } from './support/direct-booking.ts'
import { granted, LightSocket } from './support/light-socket.ts'
import { alternate, differenceRow, median, sleep } from './support/measure.ts'
import { startServer } from './support/node.ts'
import { startWorker } from './support/worker.ts'

/** The pause between two bookings, so that each finds the server idle. */
const pauseMs = 5

const medianOf = async (list: readonly Wish[], book: (wish: Wish) => Promise<unknown>): Promise<number> => {
	const times: number[] = []
	for (const wish of list) {
		const began = performance.now()
		await book(wish)
		times.push(performance.now() - began)
		await sleep(pauseMs)
	}
	return median(times)
}

let socket: LightSocket | undefined
let client: pg.Client | undefined

export const work = {
	async connect(url: string, clinic: BenchClinic) {
		socket = await LightSocket.connect(url, clinic.patients[0]?.token)
	},
	/** The median milliseconds from the request to the acknowledgement. */
	async book(clinic: BenchClinic, list: Wish[]) {
		return await medianOf(list, async wish =>
			granted((await socket?.ask('appointment:book', { slotId: slotIdOf(clinic, wish), idempotencyKey: newKey() })) ?? { ok: false }),
		)
	},
	/** The baseline: the single SQL transaction, from this process. */
	async bookDirectly(databaseUrl: string, clinic: BenchClinic, list: Wish[]) {
		if (!client) {
			client = new pg.Client({ connectionString: databaseUrl })
			await client.connect()
		}
		const run = runOn(client)
		return await medianOf(list, wish => bookDirectly(run, clinic, wish))
	},
}

/** The time of one booking on an idle server, at the client, against its SQL transaction alone. */
export const benchmark: Benchmark = {
	name: 'one-booking',
	async run({ stores, rounds, short }) {
		const count = short ? 50 : 200
		const fresh = await stores.fresh()
		const clinic = await aClinic(fresh.databaseUrl, { doctors: 1, patients: 1, slots: (rounds + 1) * 2 * count })
		const node = await startServer(fresh)
		const load = await startWorker<typeof work>(import.meta.url)
		let slot = 0
		const take = () => {
			const list = wishes(clinic, slot, count)
			slot += count
			return list
		}
		try {
			await load.call('connect', node.url, clinic)
			const pairs = await alternate({
				rounds,
				subject: () => load.call('book', clinic, take()),
				baseline: () => load.call('bookDirectly', fresh.databaseUrl, clinic, take()),
			})
			return [differenceRow('one booking, idle server', { atMost: 3, unit: 'ms' }, pairs, 'ms')]
		} finally {
			await load.stop()
			await node.stop()
			await fresh.drop()
		}
	},
}
