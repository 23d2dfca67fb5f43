import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { type WebSocket, WebSocketServer } from 'ws'
import type { SlotChange } from '../contract/index.ts'
import { feedKeys, feedLua } from '../server/platform/live/feed.ts'
import { defineScript } from '../server/platform/redis/redis.ts'
import { type FullSlot, visibleSlot } from '../server/slots/codec.ts'
import type { BenchContext, Benchmark } from './support/benchmark.ts'
import { aClinic, type BenchClinic, minuteOfSlot, slotIdOf, slotMinutes } from './support/clinic.ts'
import { connectMany, granted, LightSocket } from './support/light-socket.ts'
import { alternate, quantile, type Row, ratioRow, sleep } from './support/measure.ts'
import { cpuMs, startServer } from './support/node.ts'
import { startWorker } from './support/worker.ts'

/** The load: changes of slots a second, spread over the calendars. */
export type Changes = { count: number; perSecond: number }
export type Delivery = { p99Ms: number; deliveriesPerSecond: number }

const held = {
	state: 'held',
	heldUntilMs: Date.now() + 120_000,
	heldBy: { name: 'Somebody else', role: 'patient' },
	holderId: '1',
} as const

const bareChannel = (doctorId: string) => `bare:${doctorId}`
const doctorOf = (channel: string) => channel.slice('bare:'.length)
const slotsOfDoctor = 50

/** A watcher, which must have seen every version once and in order at the end. */
type Watcher = { doctorId: string; version: number; gaps: number }

const watchers: Watcher[] = []
/** When each version of a calendar was published, with its slot and state. */
const published = new Map<string, { firstVersion: number; atMs: number[]; states: string[] }>()
let latencies: number[] = []
let deliveries = 0
let sockets: LightSocket[] = []

const header = /"doctorId":"(\d+)","fromVersion":(\d+),"toVersion":(\d+)/
/** The texts of frames by the versions that they cover: all watchers of a node must receive the same text. */
const texts = new Map<string, string>()

/** Compares frames with the published changes only after delivery, because comparing takes time, which must not slow the load. */
const checkAll = () => {
	for (const text of texts.values()) {
		const { doctorId, changes } = JSON.parse(text)[1] as { doctorId: string; changes: SlotChange[] }
		const source = published.get(doctorId)
		for (const { id, state, version } of changes) {
			const expected = source?.states[version - source.firstVersion]
			if (expected !== `${id} ${state}`) throw new Error(`version ${version} should say ${expected}, and says ${id} ${state}`)
		}
	}
	texts.clear()
}

const receive = (watcher: Watcher, text: string) => {
	if (!text.startsWith('["calendar:changed"')) return
	const [covers = '', doctorId = '', from, to] = header.exec(text) ?? []
	const source = published.get(doctorId)
	if (!source) return
	const known = texts.get(covers)
	if (known === undefined) texts.set(covers, text)
	else if (known !== text) throw new Error(`two watchers were told of ${covers} differently`)
	if (Number(from) !== watcher.version + 1) watcher.gaps++
	watcher.version = Number(to)
	const now = performance.now()
	deliveries += Number(to) - Number(from) + 1
	latencies.push(now - (source.atMs[Number(from) - source.firstVersion] as number))
}

type Publish = (doctorId: string, version: number, slot: FullSlot) => void

const publishThroughFeed = (redis: Redis): Publish => {
	// One step takes the version and publishes, as in the scripts for holds.
	const append = defineScript<number>(redis, 'benchAppend', `${feedLua}\nreturn feed_append(KEYS[1], ARGV[1], 1, ARGV[2])`)
	return (doctorId, _version, slot) => {
		const { versionKey, channel } = feedKeys(doctorId)
		append([versionKey], [channel, JSON.stringify([slot])]).catch(() => {})
	}
}

const publishFrames =
	(redis: Redis): Publish =>
	(doctorId, version, slot) => {
		const change = { ...visibleSlot(slot, 'public', new Date().toISOString()), version }
		const frame = { doctorId, fromVersion: version, toVersion: version, changes: [change] }
		redis.publish(bareChannel(doctorId), `42${JSON.stringify(['calendar:changed', frame])}`).catch(() => {})
	}

/** A change as the scripts for holds publish it: with the holder, whom only nodes see. */
const changeNumber = (clinic: BenchClinic, doctor: number, turn: number): FullSlot => {
	const slot = turn % slotsOfDoctor
	const minute = minuteOfSlot(slot)
	const instant = (at: number) => new Date(at * 60_000).toISOString()
	const isHeld = Math.floor(turn / slotsOfDoctor) % 2 === 0
	return {
		id: slotIdOf(clinic, { doctor, slot, patient: 0 }),
		doctorId: clinic.doctorIds[doctor] as string,
		startsAt: instant(minute),
		endsAt: instant(minute + slotMinutes),
		...(isHeld ? held : { state: 'free' }),
	}
}

const publishAll = async (clinic: BenchClinic, { count, perSecond }: Changes, publish: Publish) => {
	const began = performance.now()
	for (let sent = 0; sent < count; ) {
		const due = Math.min(count, Math.floor(((performance.now() - began) / 1000) * perSecond) + 1)
		for (; sent < due; sent++) {
			const doctor = sent % clinic.doctorIds.length
			const doctorId = clinic.doctorIds[doctor] as string
			const source = published.get(doctorId) as { firstVersion: number; atMs: number[]; states: string[] }
			const change = changeNumber(clinic, doctor, source.atMs.length)
			source.states.push(`${change.id} ${change.state}`)
			source.atMs.push(performance.now())
			publish(doctorId, source.firstVersion + source.atMs.length - 1, change)
		}
		await sleep(1)
	}
}

const behind = () =>
	watchers.filter(({ doctorId, version }) => {
		const source = published.get(doctorId)
		return source !== undefined && version < source.firstVersion + source.atMs.length - 1
	}).length

const untilDelivered = async () => {
	const deadline = performance.now() + 60_000
	while (behind() > 0) {
		if (performance.now() > deadline) throw new Error(`${behind()} watchers never got the last change`)
		await sleep(5)
	}
}

export const work = {
	/** The baseline's server: forwards each message of a channel unchanged to the channel's sockets, one frame for each change. */
	async bareServer(redisUrl: string) {
		const topics = new Map<string, Set<WebSocket>>()
		const http = createServer()
		const server = new WebSocketServer({ server: http, perMessageDeflate: false })
		const redis = new Redis(redisUrl)
		redis.on('message', (channel: string, text: string) => {
			for (const socket of topics.get(doctorOf(channel)) ?? []) socket.send(text)
		})
		server.on('connection', (socket, request) => {
			const doctorId = new URL(request.url ?? '', 'http://localhost').searchParams.get('doctorId') ?? ''
			const sockets = topics.get(doctorId) ?? new Set()
			topics.set(doctorId, sockets.add(socket))
			void redis.subscribe(bareChannel(doctorId)).then(() => socket.send('40'))
		})
		await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
		return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
	},
	/** Connects watchers, spread over the doctors and the nodes. */
	async watch(urls: string[], clinic: BenchClinic, count: number, range: { from: string; to: string }) {
		await work.close()
		sockets = await connectMany(count, async index => {
			const doctorId = clinic.doctorIds[index % clinic.doctorIds.length] as string
			const socket = await LightSocket.connect(urls[Math.floor(index / clinic.doctorIds.length) % urls.length] as string)
			const { version } = granted(await socket.ask('calendar:watch', { doctorId, ...range }))
			const watcher = { doctorId, version, gaps: 0 }
			watchers.push(watcher)
			socket.onEvent = text => receive(watcher, text)
			published.set(doctorId, { firstVersion: version + 1, atMs: [], states: [] })
			return socket
		})
	},
	async close() {
		for (const socket of sockets.splice(0)) socket.close()
		watchers.length = 0
		published.clear()
	},
	async watchBare(url: string, clinic: BenchClinic, count: number) {
		sockets = await connectMany(count, async index => {
			const doctorId = clinic.doctorIds[index % clinic.doctorIds.length] as string
			const socket = await LightSocket.connect(url, undefined, `/?doctorId=${doctorId}`)
			const watcher = { doctorId, version: 0, gaps: 0 }
			watchers.push(watcher)
			socket.onEvent = text => receive(watcher, text)
			published.set(doctorId, { firstVersion: 1, atMs: [], states: [] })
			return socket
		})
	},
	/** Publishes, and waits until every watcher has received every change. */
	async deliver(redisUrl: string, clinic: BenchClinic, changes: Changes, bare: boolean): Promise<Delivery> {
		const redis = new Redis(redisUrl, { enableAutoPipelining: true })
		latencies = []
		deliveries = 0
		const began = performance.now()
		await publishAll(clinic, changes, bare ? publishFrames(redis) : publishThroughFeed(redis))
		await untilDelivered()
		const seconds = (performance.now() - began) / 1000
		redis.disconnect()
		const gaps = watchers.filter(watcher => watcher.gaps > 0).length
		if (gaps > 0) throw new Error(`${gaps} watchers saw a gap`)
		checkAll()
		return { p99Ms: quantile(latencies, 0.99), deliveriesPerSecond: deliveries / seconds }
	},
}

type Shape = { doctors: number; watchers: number; changes: Changes }

const firstDay = () => new Date(minuteOfSlot(0) * 60_000).toISOString().slice(0, 10)
export const fanOutRange = () => ({ from: firstDay(), to: firstDay() })
export { slotsOfDoctor as fanOutSlots }

/** Compares the processor time of both servers for the same changes, and the delay of the slowest hundredth of deliveries. */
const compare = async ({ stores, rounds }: BenchContext, { doctors, watchers: count, changes }: Shape) => {
	const fresh = await stores.fresh()
	const clinic = await aClinic(fresh.databaseUrl, { doctors, patients: 1, slots: slotsOfDoctor })
	const node = await startServer(fresh)
	const [load, bareLoad, bare] = await Promise.all([1, 2, 3].map(() => startWorker<typeof work>(import.meta.url)))
	if (!load || !bareLoad || !bare) throw new Error('no processes')
	const p99: number[] = []
	const cpuDuring = async (pid: number, deliver: () => Promise<unknown>) => {
		const before = cpuMs(pid)
		await deliver()
		return cpuMs(pid) - before
	}
	try {
		const bareUrl = await bare.call('bareServer', fresh.redisUrl)
		await load.call('watch', [node.url], clinic, count, fanOutRange())
		await bareLoad.call('watchBare', bareUrl, clinic, count)
		const pairs = await alternate({
			rounds,
			subject: round =>
				cpuDuring(node.pid, async () => {
					const { p99Ms } = await load.call('deliver', fresh.redisUrl, clinic, changes, false)
					if (round > 0) p99.push(p99Ms)
				}),
			baseline: () => cpuDuring(bare.pid, () => bareLoad.call('deliver', fresh.redisUrl, clinic, changes, true)),
		})
		return { pairs, p99 }
	} finally {
		await Promise.all([load.stop(), bareLoad.stop(), bare.stop()])
		await node.stop()
		await fresh.drop()
	}
}

/** 2,000 watchers of 20 calendars on one node, 100 changes a second. */
export const fanOut: Benchmark = {
	name: 'fan-out',
	async run(context) {
		const seconds = context.short ? 3 : 10
		const { pairs, p99 } = await compare(context, { doctors: 20, watchers: 2000, changes: { count: 100 * seconds, perSecond: 100 } })
		const late: Row = { name: 'fan-out, delivery p99', target: { atMost: 50, unit: 'ms' }, values: p99 }
		return [late, ratioRow('fan-out, server CPU', { atMost: 1.6, unit: 'x' }, pairs, 'ms')]
	},
}

/** 1,000 watchers of one calendar, 2,000 changes a second: the morning on which the calendar's slots open. */
export const burstFanOut: Benchmark = {
	name: 'burst-fan-out',
	async run(context) {
		const count = context.short ? 400 : 1000
		const { pairs } = await compare(context, { doctors: 1, watchers: 1000, changes: { count, perSecond: 2000 } })
		return [ratioRow('burst fan-out, server CPU', { atMost: 0.3, unit: 'x' }, pairs, 'ms', 'every watcher has every change, in order')]
	},
}
