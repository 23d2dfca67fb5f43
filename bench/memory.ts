import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { fanOutRange } from './fan-out.ts'
import type { Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic } from './support/clinic.ts'
import { connectMany, granted, LightSocket } from './support/light-socket.ts'
import { alternate, ratioRow, sleep } from './support/measure.ts'
import { residentBytes, startServer } from './support/node.ts'
import { startWorker } from './support/worker.ts'

const doctors = 100
/** For what was allocated while connecting to be collected. */
const settleMs = 3000

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

/** Bytes that each of the connections costs a server, whose memory before them is taken off. */
const bytesEach = async (pid: number, count: number, connect: () => Promise<unknown>): Promise<number> => {
	const before = residentBytes(pid)
	await connect()
	await sleep(settleMs)
	return (residentBytes(pid) - before) / count
}

/** Memory per connected watcher with 10,000 connections, against connections of bare Socket.IO. */
export const benchmark: Benchmark = {
	name: 'memory',
	async run({ stores, rounds, short }) {
		const count = short ? 2000 : 10_000
		const fresh = await stores.fresh()
		const clinic = await aClinic(fresh.databaseUrl, { doctors, patients: 1, slots: 50 })
		// Processes of their own each round: memory that was used once is not given back.
		const subject = async () => {
			const node = await startServer(fresh)
			const load = await startWorker<typeof work>(import.meta.url)
			try {
				return await bytesEach(node.pid, count, () => load.call('watch', node.url, clinic, count))
			} finally {
				await load.stop()
				await node.stop()
			}
		}
		const baseline = async () => {
			const bare = await startWorker<typeof work>(import.meta.url)
			const load = await startWorker<typeof work>(import.meta.url)
			try {
				const url = await bare.call('bareServer')
				return await bytesEach(bare.pid, count, () => load.call('connect', url, count))
			} finally {
				await Promise.all([load.stop(), bare.stop()])
			}
		}
		try {
			const pairs = await alternate({ rounds, subject, baseline })
			return [ratioRow('memory, a watcher', { atMost: 1.3, unit: 'x' }, pairs, 'bytes', `${count} connections`)]
		} finally {
			await fresh.drop()
		}
	},
}
