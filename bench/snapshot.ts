import { Agent, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import pg from 'pg'
import { readSql } from '../server/platform/database/database.ts'
import type { Benchmark } from './support/benchmark.ts'
import { aClinic, minuteOfSlot } from './support/clinic.ts'
import { connectMany, granted, LightSocket } from './support/light-socket.ts'
import { alternate, inParallel, ratioRow } from './support/measure.ts'
import { startServer } from './support/node.ts'
import { query } from './support/stores.ts'
import { startWorker } from './support/worker.ts'

const atOnce = 32
const doctors = 50

/** A week of eight hours a day, in slots of a quarter of an hour. */
export const keepOfficeHours = (databaseUrl: string) =>
	query(databaseUrl, `DELETE FROM appointment_slots WHERE extract(hour FROM starts_at AT TIME ZONE 'UTC') NOT BETWEEN 8 AND 15`)

const day = (offset: number) => new Date(minuteOfSlot(0) * 60_000 + offset * 86_400_000).toISOString().slice(0, 10)
export const week = () => ({ from: day(0), to: day(6) })

const agent = new Agent({ keepAlive: true, maxSockets: atOnce })

/** Resolves to the body's length. @throws Error when the status is not 200 */
export const fetchLength = (url: string): Promise<number> =>
	new Promise((resolve, reject) => {
		get(url, { agent }, response => {
			let length = 0
			response.on('data', (chunk: Buffer) => {
				length += chunk.length
			})
			response.on('end', () => (response.statusCode === 200 ? resolve(length) : reject(new Error(`answered ${response.statusCode}`))))
		}).once('error', reject)
	})

let sockets: LightSocket[] = []

const perSecond = async (count: number, work: (index: number) => Promise<unknown>) => {
	const began = performance.now()
	await inParallel(count, atOnce, async index => void (await work(index)))
	return count / ((performance.now() - began) / 1000)
}

export const work = {
	/** The baseline's server: Express, a pool, and the server's own statement. */
	async bareExpress(databaseUrl: string) {
		const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
		const text = readSql('slots_in_dates.sql', new URL('../server/slots/', import.meta.url).href)
		const app = express()
		app.get('/doctors/:id/slots', async (req, res) => {
			const { rows } = await pool.query({ name: 'slots', text, values: [req.params.id, req.query.from, req.query.to] })
			res.json({ doctorId: req.params.id, slots: rows })
		})
		const server = app.listen(0, '127.0.0.1')
		await new Promise(resolve => server.once('listening', resolve))
		return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
	},
	/** Measures weeks a second, of one doctor after the other. */
	async read(base: string, doctorIds: string[], count: number) {
		const { from, to } = week()
		return await perSecond(count, index =>
			fetchLength(`${base}/doctors/${doctorIds[index % doctorIds.length]}/slots?from=${from}&to=${to}`),
		)
	},
	async connect(url: string) {
		sockets = await connectMany(atOnce, () => LightSocket.connect(url))
	},
	async watch(doctorIds: string[], count: number) {
		return await perSecond(count, async index =>
			granted(
				await (sockets[index % atOnce] as LightSocket).ask('calendar:watch', { doctorId: doctorIds[index % doctorIds.length], ...week() }),
			),
		)
	},
}

const target = { atLeast: 0.8, unit: 'x' as const }

/** A doctor's week over HTTP and by `calendar:watch`, against bare Express with the same SQL. */
export const benchmark: Benchmark = {
	name: 'snapshot',
	async run({ stores, rounds, short }) {
		const count = short ? 500 : 3000
		const fresh = await stores.fresh()
		const { doctorIds } = await aClinic(fresh.databaseUrl, { doctors, patients: 1, slots: 7 * 96 })
		await keepOfficeHours(fresh.databaseUrl)
		const node = await startServer(fresh)
		const [load, bare] = await Promise.all([startWorker<typeof work>(import.meta.url), startWorker<typeof work>(import.meta.url)])
		try {
			const bareUrl = await bare.call('bareExpress', fresh.databaseUrl)
			await load.call('connect', node.url)
			const baseline = () => load.call('read', bareUrl, doctorIds, count)
			const http = await alternate({ rounds, subject: () => load.call('read', `${node.url}/api/v1`, doctorIds, count), baseline })
			const watch = await alternate({ rounds, subject: () => load.call('watch', doctorIds, count), baseline })
			return [ratioRow('snapshot, HTTP', target, http, 'weeks/s'), ratioRow('snapshot, calendar:watch', target, watch, 'weeks/s')]
		} finally {
			await Promise.all([load.stop(), bare.stop()])
			await node.stop()
			await fresh.drop()
		}
	},
}
