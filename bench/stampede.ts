import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import type { Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic, newKey, slotIdOf, type Wish } from './support/clinic.ts'
import { bookDirectly, openPool, refuseDirectly, runOn } from './support/direct-booking.ts'
import { answerIn, connectMany, LightSocket, questionOf } from './support/light-socket.ts'
import { alternate, inParallel, median, type Pair, ratioRow } from './support/measure.ts'
import { startServer } from './support/node.ts'
import { query } from './support/stores.ts'
import { startWorker } from './support/worker.ts'

const slots = 100
const poolSizes = [8, 16, 32, 64]

/** One request of the stampede, with the time of its answer. Listed in the order of sending. */
export type Outcome = { slot: number; socket: number; answeredAs: number; won: boolean }

/** The broken promises among the outcomes of a stampede. */
export const faults = (outcomes: readonly Outcome[], slotCount: number): string[] => {
	const winners = outcomes.filter(each => each.won)
	const found: string[] = []
	if (winners.length !== slotCount) found.push(`${winners.length} winners for ${slotCount} slots`)
	if (new Set(winners.map(each => each.slot)).size !== winners.length) found.push('a slot has two winners')
	// Requests of one socket arrive in the order of sending. Across sockets only the server knows the order of arrival, so test/bench
	// uses one socket.
	const lastOfSocket = new Map<number, number>()
	for (const { socket, answeredAs } of outcomes) {
		if (answeredAs < (lastOfSocket.get(socket) ?? -1)) found.push(`socket ${socket} was answered out of order`)
		lastOfSocket.set(socket, answeredAs)
	}
	return found
}

/** Requests the slots of the clinic's first doctor from `from` on, all at once, spread over all sockets. */
export const stampede = async (sockets: readonly LightSocket[], clinic: BenchClinic, from: number, count: number, slotCount = slots) => {
	const wanted = Array.from({ length: count }, (_, index) => {
		const slot = (index + Math.floor(index / sockets.length)) % slotCount
		const socket = index % sockets.length
		const slotId = slotIdOf(clinic, { doctor: 0, patient: socket, slot: from + slot })
		return { slot, socket, question: questionOf('appointment:book', { slotId, idempotencyKey: newKey() }) }
	})
	let answers = 0
	const began = performance.now()
	const answered = await Promise.all(
		wanted.map(async ({ slot, socket, question }) => {
			const text = await (sockets[socket] as LightSocket).askAsText(question)
			return { slot, socket, text, answeredAs: answers++ }
		}),
	)
	const ms = performance.now() - began
	const outcomes = answered.map(({ text, ...rest }): Outcome => {
		const answer = answerIn(text)
		if (!answer.ok && !['slot_booked', 'patient_overlap'].includes(answer.error?.code ?? ''))
			throw new Error(`refused with ${answer.error?.code}`)
		return { ...rest, won: answer.ok }
	})
	return { outcomes, ms }
}

let open: LightSocket[] = []

export const work = {
	/** The limit for every server on Socket.IO: a server that acknowledges, and does nothing else. */
	async bare() {
		const http = createServer()
		const io = new Server(http, { serveClient: false })
		io.on('connection', socket => socket.on('appointment:book', (_payload, ack) => ack({ ok: true })))
		await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
		return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
	},
	/** Measures the milliseconds until all requests are acknowledged, by any node. */
	async askAll(clinic: BenchClinic, count: number) {
		const questions = Array.from({ length: count }, (_, index) => {
			const wish = { doctor: 0, patient: 0, slot: index % slots }
			return questionOf('appointment:book', { slotId: slotIdOf(clinic, wish), idempotencyKey: newKey() })
		})
		const began = performance.now()
		await Promise.all(questions.map((question, index) => (open[index % open.length] as LightSocket).askAsText(question)))
		return performance.now() - began
	},
	async connect(url: string, clinic: BenchClinic) {
		open = await connectMany(clinic.patients.length, index => LightSocket.connect(url, clinic.patients[index]?.token))
	},
	/** Measures the milliseconds until the last request is answered. */
	async stampede(clinic: BenchClinic, from: number, count: number) {
		const { outcomes, ms } = await stampede(open, clinic, from, count)
		const wrong = faults(outcomes, slots)
		if (wrong.length > 0) throw new Error(wrong.slice(0, 5).join('; '))
		return ms
	},
	/**
	 * The baseline: one transaction for each request, which locks and reads the slot's row, and books or refuses. Stores refusals, as the
	 * server does, with `keepsRefusals`.
	 */
	async lockRows(databaseUrl: string, connections: number, clinic: BenchClinic, from: number, count: number, keepsRefusals: boolean) {
		const pool = await openPool(databaseUrl, connections)
		let winners = 0
		const attempt = async (index: number) => {
			const slot = (index + Math.floor(index / clinic.patients.length)) % slots
			const wish: Wish = { doctor: 0, patient: index % clinic.patients.length, slot: from + slot }
			const client = await pool.connect()
			try {
				await client.query('BEGIN')
				const { rows } = await client.query({
					name: 'lock',
					text: 'SELECT appointment_id FROM appointment_slots WHERE doctor_id = $1 AND starts_at = to_timestamp($2 * 60.0) FOR UPDATE',
					values: [clinic.doctorIds[0], Number(slotIdOf(clinic, wish).split('-')[1])],
				})
				if (rows[0]?.appointment_id === null) {
					await bookDirectly(runOn(client), clinic, wish)
					winners++
				} else if (keepsRefusals) {
					await refuseDirectly(runOn(client), clinic, wish)
				}
				await client.query('COMMIT')
			} finally {
				client.release()
			}
		}
		const began = performance.now()
		await inParallel(count, connections, attempt)
		const ms = performance.now() - began
		await pool.end()
		if (winners !== slots) throw new Error(`the baseline has ${winners} winners`)
		return ms
	},
}

/** The ratio that a server reaches that only acknowledges. */
const floorNote = (pairs: readonly Pair[]) => {
	const ratio = median(pairs.map(({ subject, baseline }) => subject / baseline))
	const ms = median(pairs.map(({ subject }) => subject))
	return `bare Socket.IO that answers at once: ${ratio.toFixed(2)}x, ${ms.toFixed(0)} ms`
}

const target = { atMost: 0.2, unit: 'x' as const }

/** 5,000 requests at once for one doctor's 100 slots, against `SELECT … FOR UPDATE` per request from a pool. */
export const benchmark: Benchmark = {
	name: 'stampede',
	async run({ stores, rounds, short, say }) {
		const requests = short ? 2000 : 5000
		const fresh = await stores.fresh()
		const stretches = 5 * (rounds + 1) + 2 * poolSizes.length
		const clinic = await aClinic(fresh.databaseUrl, { doctors: 1, patients: 500, slots: slots * stretches })
		const node = await startServer(fresh)
		const workers = await Promise.all(Array.from({ length: 4 }, () => startWorker<typeof work>(import.meta.url)))
		const [load, direct, bare, bareLoad] = workers as [StampedeWorker, StampedeWorker, StampedeWorker, StampedeWorker]
		let used = 0
		const nextSlots = () => slots * used++
		const subject = () => load.call('stampede', clinic, nextSlots(), requests)
		const lockRows = (connections: number, keepsRefusals = false) =>
			direct.call('lockRows', fresh.databaseUrl, connections, clinic, nextSlots(), requests, keepsRefusals)
		try {
			await load.call('connect', node.url, clinic)
			await bareLoad.call('connect', await bare.call('bare'), clinic)
			const probes: { size: number; ms: number }[] = []
			for (const size of poolSizes) {
				probes.push({ size, ms: await lockRows(size) })
				// Warms the server up as much as the baseline.
				await subject()
			}
			const best = probes.reduce((a, b) => (b.ms < a.ms ? b : a)).size
			say(`the pool is at its best with ${best} connections`)
			const pairs = await alternate({ rounds, subject, baseline: () => lockRows(best) })
			const equals = await alternate({ rounds, subject, baseline: () => lockRows(best, true) })
			const floor = await alternate({ rounds, subject: () => bareLoad.call('askAll', clinic, requests), baseline: () => lockRows(best) })
			const { rows } = await query(fresh.databaseUrl, 'SELECT count(*)::int AS count FROM appointment_slots WHERE NOT is_booked')
			if (rows[0].count !== 0) throw new Error(`${rows[0].count} slots are still free`)
			return [
				ratioRow('stampede', target, pairs, 'ms', `${slots} winners, in order of arrival; ${floorNote(floor)}`),
				ratioRow('stampede, refusals kept by both', target, equals, 'ms', 'as the server does: docs/decisions/0002'),
			]
		} finally {
			await Promise.all(workers.map(worker => worker.stop()))
			await node.stop()
			await fresh.drop()
		}
	},
}

type StampedeWorker = Awaited<ReturnType<typeof startWorker<typeof work>>>
