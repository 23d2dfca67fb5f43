import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { fanOutRange } from './fan-out.ts'
import type { Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic } from './support/clinic.ts'
import { connectMany, granted, LightSocket } from './support/light-socket.ts'
import { type Pair, ratioRow, sleep } from './support/measure.ts'
import { residentBytes, startServer } from './support/node.ts'
import { startWorker } from './support/worker.ts'

const doctors = 100
/** V8 collects the garbage of starting and connecting only after 10 to 30 quiet seconds. */
const collectMs = 40_000
/** From then on memory rises with the garbage of pings, and falls again. */
const observeMs = 30_000

export const work = {
	/** The baseline's server: Socket.IO, and nothing else. */
	async bareServer() {
		const http = createServer()
		new Server(http, { serveClient: false })
		await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
		return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
	},
	async connect(url: string, count: number) {
		await connectMany(count, () => LightSocket.connect(url))
	},
	async watch(url: string, { doctorIds }: BenchClinic, count: number) {
		await connectMany(count, async index => {
			const socket = await LightSocket.connect(url)
			granted(await socket.ask('calendar:watch', { doctorId: doctorIds[index % doctorIds.length], ...fanOutRange() }))
			return socket
		})
	},
}

const meanResidentBytes = async (pid: number): Promise<number> => {
	const samples: number[] = []
	const until = performance.now() + observeMs
	while (performance.now() < until) {
		samples.push(residentBytes(pid))
		await sleep(500)
	}
	return samples.reduce((sum, each) => sum + each, 0) / samples.length
}

/** Measures the bytes of each connection: in the long run, and at once, with the garbage of connecting. */
const bytesEach = async (pid: number, count: number, connect: () => Promise<unknown>) => {
	const before = await meanResidentBytes(pid)
	await connect()
	const atOnce = (residentBytes(pid) - before) / count
	await sleep(collectMs)
	return { lasting: ((await meanResidentBytes(pid)) - before) / count, atOnce }
}

/** Memory per connected watcher with 10,000 connections, against connections of bare Socket.IO. */
export const benchmark: Benchmark = {
	name: 'memory',
	async run({ stores, rounds, short, say }) {
		const count = short ? 2000 : 10_000
		const fresh = await stores.fresh()
		const clinic = await aClinic(fresh.databaseUrl, { doctors, patients: 1, slots: 50 })
		// Each round has new processes, because processes do not always return memory. Both sides mostly wait, so they run together.
		const round = async () => {
			const node = await startServer(fresh)
			const workers = await Promise.all([1, 2, 3].map(() => startWorker<typeof work>(import.meta.url)))
			const [bare, watching, connecting] = workers as [Worker, Worker, Worker]
			try {
				const bareUrl = await bare.call('bareServer')
				await sleep(collectMs)
				return await Promise.all([
					bytesEach(node.pid, count, () => watching.call('watch', node.url, clinic, count)),
					bytesEach(bare.pid, count, () => connecting.call('connect', bareUrl, count)),
				])
			} finally {
				await Promise.all(workers.map(worker => worker.stop()))
				await node.stop()
			}
		}
		try {
			const pairs: Pair[] = []
			const atOnce: string[] = []
			for (let i = 0; i < rounds; i++) {
				const [subject, baseline] = await round()
				pairs.push({ subject: subject.lasting, baseline: baseline.lasting })
				atOnce.push(`${(subject.atOnce / baseline.atOnce).toFixed(2)}x`)
				say(`round ${i + 1} of ${rounds}: ${Math.round(subject.lasting)} : ${Math.round(baseline.lasting)} bytes`)
			}
			const note = `${count} connections; with the garbage of connecting ${atOnce.join(', ')}`
			return [ratioRow('memory, a watcher', { atMost: 1.3, unit: 'x' }, pairs, 'bytes', note)]
		} finally {
			await fresh.drop()
		}
	},
}

type Worker = Awaited<ReturnType<typeof startWorker<typeof work>>>
