import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { fanOutRange } from './fan-out.ts'
import type { Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic, slotIdOf } from './support/clinic.ts'
import { LightSocket } from './support/light-socket.ts'
import { alternate, differenceRow, median, sleep } from './support/measure.ts'
import { startServer } from './support/node.ts'
import { startWorker } from './support/worker.ts'

const slots = 50
/** The pause between two changes, so that each finds the server idle. */
const pauseMs = 25

type Pair = { holder: LightSocket; watcher: LightSocket }
const pairs = new Map<string, Pair>()

export const work = {
	/** The baseline's server: relays each socket's messages to all sockets, through Redis when an address is given. */
	async relay(redisUrl: string | undefined) {
		const http = createServer()
		const io = new Server(http, { serveClient: false })
		if (redisUrl) io.adapter(createAdapter(new Redis(redisUrl), new Redis(redisUrl), { key: 'relay' }))
		io.on('connection', socket => {
			socket.on('slot:hold', (payload, ack) => {
				io.emit('calendar:changed', payload)
				ack({ ok: true })
			})
		})
		await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
		return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
	},
	/** Connects a holder and a watcher, which stay connected. */
	async connect(name: string, clinic: BenchClinic, holderUrl: string, watcherUrl: string) {
		const holder = await LightSocket.connect(holderUrl, clinic.patients[0]?.token)
		const watcher = await LightSocket.connect(watcherUrl)
		// The relay does not answer `calendar:watch`.
		const watched = watcher.ask('calendar:watch', { doctorId: clinic.doctorIds[0], ...fanOutRange() })
		await Promise.race([watched, sleep(500)])
		pairs.set(name, { holder, watcher })
	},
	/** The median milliseconds from the holder's `slot:hold` to the watcher's `calendar:changed`. */
	async holdToSight(name: string, clinic: BenchClinic, count: number) {
		const { holder, watcher } = pairs.get(name) as Pair
		const times: number[] = []
		const seen = (state: string) =>
			new Promise<void>(resolve => {
				watcher.onEvent = text => {
					if (text.startsWith('["calendar:changed"') && text.includes(state)) resolve()
				}
			})
		for (let i = 0; i < count; i++) {
			const slotId = slotIdOf(clinic, { doctor: 0, patient: 0, slot: i % slots })
			const sight = seen(slotId)
			const began = performance.now()
			const held = holder.ask('slot:hold', { slotId })
			await sight
			times.push(performance.now() - began)
			const answer = await held
			if (!answer.ok) throw new Error(`refused: ${answer.error?.code}`)
			await sleep(pauseMs)
			await Promise.race([holder.ask('slot:release', { slotId }), sleep(2)])
			await sleep(pauseMs)
		}
		return median(times)
	},
}

const target = { atMost: 2, unit: 'ms' as const }

/** How much later than over a bare Socket.IO relay watchers see a hold, on the same node and across two. */
export const benchmark: Benchmark = {
	name: 'hold-to-sight',
	async run({ stores, rounds, short }) {
		const count = short ? 30 : 100
		const fresh = await stores.fresh()
		const clinic = await aClinic(fresh.databaseUrl, { doctors: 1, patients: 1, slots })
		const nodes = [await startServer(fresh), await startServer(fresh)]
		const workers = await Promise.all([1, 2, 3, 4].map(() => startWorker<typeof work>(import.meta.url)))
		const [load, relay, oneOfTwo, otherOfTwo] = workers as [Worker, Worker, Worker, Worker]
		try {
			const [a = '', b = ''] = nodes.map(node => node.url)
			const relayUrl = await relay.call('relay', undefined)
			const linked = [await oneOfTwo.call('relay', fresh.redisUrl), await otherOfTwo.call('relay', fresh.redisUrl)] as const
			await load.call('connect', 'same node', clinic, a, a)
			await load.call('connect', 'two nodes', clinic, a, b)
			await load.call('connect', 'relay', clinic, relayUrl, relayUrl)
			await load.call('connect', 'two relays', clinic, ...linked)
			const compare = (subject: string, baseline: string) =>
				alternate({
					rounds,
					subject: () => load.call('holdToSight', subject, clinic, count),
					baseline: () => load.call('holdToSight', baseline, clinic, count),
				})
			return [
				differenceRow('hold to sight, same node', target, await compare('same node', 'relay'), 'ms'),
				differenceRow('hold to sight, two nodes', target, await compare('two nodes', 'two relays'), 'ms'),
			]
		} finally {
			await Promise.all(workers.map(worker => worker.stop()))
			await Promise.all(nodes.map(node => node.stop()))
			await fresh.drop()
		}
	},
}

type Worker = Awaited<ReturnType<typeof startWorker<typeof work>>>
