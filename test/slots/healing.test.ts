import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { Snapshot } from '../../contract/index.ts'
import { feedKeys } from '../../server/platform/live/feed.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { aRecorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, ok, type Watcher } from '../support/watcher.ts'

describe('the watchers of two nodes', () => {
	const [one, two] = useNodes(2)
	afterEach(closeSockets)

	let doctor: Person
	let slots: string[]
	beforeEach(async () => {
		doctor = await aDoctor(one!)
		slots = await someSlots(one!, doctor.id, { count: 10 })
	})

	const recording = async (node: { url: string }) => {
		const recorder = aRecorder(await aSocket(node), doctor.id, soon())
		await recorder.watch()
		return recorder
	}
	const watching = async (node: { url: string }) => aWatcher(await aSocket(node), doctor.id, soon())
	const listed = async (node: { url: string }) => {
		const { from, to } = soon()
		return (await call<Snapshot>(node, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`)).body
	}
	const isRight = async (watcher: Watcher) => JSON.stringify([...watcher.picture.values()]) === JSON.stringify((await listed(one!)).slots)

	it('receive the same changes, in the same order, under the same versions', async () => {
		const recorders = await Promise.all([one!, two!, one!, two!].map(recording))
		const holders = await Promise.all(
			Array.from({ length: 8 }, async (_, index) => aSocket(index % 2 ? one! : two!, (await aPatient(one!)).token)),
		)
		await Promise.all(
			holders.map(async (holder, index) => {
				for (let round = 0; round < 15; round++) {
					// All sockets want all slots, so most are refused, which changes nothing.
					const slotId = slots[(index + round) % slots.length]!
					const answer = await holder.emitWithAck('slot:hold', { slotId })
					if (answer.ok && round % 3 === 2) await holder.emitWithAck('appointment:book', { slotId, idempotencyKey: randomUUID() })
					else if (answer.ok) await holder.emitWithAck('slot:release', { slotId })
				}
			}),
		)
		for (const recorder of recorders) await recorder.agrees(one!)
		const told = recorders.map(recorder => recorder.frames().flatMap(frame => frame.changes))
		const shared = Math.max(
			...recorders.map(recorder => (recorder.heard[0]!.kind === 'snapshot' ? recorder.heard[0]!.snapshot.version : 0)),
		)
		expect(told[0]!.length).to.be.greaterThan(20)
		for (const changes of told) {
			expect(changes.filter(change => change.version > shared)).to.deep.equal(told[0]!.filter(change => change.version > shared))
		}
	})

	it('start over when they missed changes while the connection to Redis was cut', async () => {
		const watchers = await Promise.all([watching(one!), watching(two!)])
		const holder = await aPatient(one!)
		const admin = new Redis(one!.redisUrl)
		try {
			for (let attempt = 0; attempt < 20 && watchers.some(watcher => watcher.gaps === 0); attempt++) {
				await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
				const slotId = slots[attempt % slots.length]
				await call(one!, 'POST', `/slots/${slotId}/hold`, { token: holder.token, body: {} })
				await call(one!, 'DELETE', `/slots/${slotId}/hold`, { token: holder.token })
				await call(one!, 'POST', `/slots/${slotId}/hold`, { token: holder.token, body: {} })
				await waitFor(async () => (await Promise.all(watchers.map(isRight))).every(Boolean), 'every watcher to be right', 4000)
				await call(one!, 'DELETE', `/slots/${slotId}/hold`, { token: holder.token })
			}
		} finally {
			admin.disconnect()
		}
		for (const watcher of watchers) expect(watcher.gaps).to.be.greaterThan(0)
		await waitFor(async () => (await Promise.all(watchers.map(isRight))).every(Boolean), 'every watcher to be right')
	})

	it('receive changes as before after the cut', async () => {
		const watcher = await watching(two!)
		const admin = new Redis(one!.redisUrl)
		const subscribers = () => admin.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB').then(list => String(list).split('\n').filter(Boolean).length)
		const before = await subscribers()
		await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
		await waitFor(async () => (await subscribers()) === before, 'the nodes to subscribe again')
		admin.disconnect()
		const holder = await aPatient(one!)
		for (const slotId of slots.slice(0, 3)) {
			await call(one!, 'POST', `/slots/${slotId}/hold`, { token: holder.token, body: {} })
			await waitFor(() => watcher.stateOf(slotId) === 'held', 'the hold to be told', 2000)
		}
	})

	it('see the right state after Redis lost its memory, and no number twice', async () => {
		const patient = await aPatient(one!)
		const socket = await aSocket(one!, patient.token)
		ok(await socket.emitWithAck('slot:hold', { slotId: slots[0]! }))
		ok(await socket.emitWithAck('appointment:book', { slotId: slots[1]!, idempotencyKey: randomUUID() }))
		const watchers = await Promise.all([watching(one!), watching(two!)])
		for (const watcher of watchers) expect(watcher.stateOf(slots[0]!)).to.equal('held')
		const version = Math.max(...watchers.map(watcher => watcher.version))

		const admin = new Redis(one!.redisUrl)
		await admin.flushdb()
		admin.disconnect()
		const lostAt = Date.now()
		await waitFor(() => watchers.every(watcher => watcher.gaps > 0 && watcher.stateOf(slots[0]!) === 'free'), 'everyone to start over')
		expect(Date.now() - lostAt).to.be.lessThan(2500)
		for (const watcher of watchers) {
			expect(watcher.version).to.be.greaterThan(version)
			expect(watcher.stateOf(slots[1]!)).to.equal('booked')
		}
		ok(await (await aSocket(two!, (await aPatient(one!)).token)).emitWithAck('slot:hold', { slotId: slots[0]! }))
		await waitFor(() => watchers.every(watcher => watcher.stateOf(slots[0]!) === 'held'), 'changes to be told as before')
	})

	it('see the right state when a lagging replica that became the master gives out numbers again', async () => {
		const watchers = await Promise.all([watching(one!), watching(two!)])
		const holder = await aSocket(one!, (await aPatient(one!)).token)
		for (const slotId of slots.slice(0, 4)) ok(await holder.emitWithAck('slot:hold', { slotId }))
		await waitFor(() => watchers.every(watcher => watcher.stateOf(slots[3]!) === 'held'), 'the holds to be told')
		const version = watchers[0]!.version

		const admin = new Redis(one!.redisUrl)
		await admin.decrby(feedKeys(doctor.id).versionKey, 4)
		admin.disconnect()
		for (const slotId of slots.slice(0, 2)) ok(await holder.emitWithAck('slot:release', { slotId }))
		await waitFor(async () => (await Promise.all(watchers.map(isRight))).every(Boolean), 'every watcher to be right', 2000)
		await waitFor(() => watchers.every(watcher => watcher.version > version), 'numbers above those that were seen', 2000)
		ok(await holder.emitWithAck('slot:hold', { slotId: slots[0]! }))
		await waitFor(() => watchers.every(watcher => watcher.stateOf(slots[0]!) === 'held'), 'changes to be told as before')
	})

	it('receive a change right after Redis lost its memory', async () => {
		const watcher = await watching(two!)
		const socket = await aSocket(one!, (await aPatient(one!)).token)
		const admin = new Redis(one!.redisUrl)
		await admin.flushdb()
		admin.disconnect()
		ok(await socket.emitWithAck('slot:hold', { slotId: slots[0]! }))
		await waitFor(() => watcher.stateOf(slots[0]!) === 'held', 'the hold to be told')
		expect(watcher.gaps).to.be.greaterThan(0)
	})

	const hours = {
		timeZone: 'UTC',
		slotMinutes: 20,
		weekly: [1, 2, 3, 4, 5, 6, 7].map(weekday => ({ weekday, start: '00:00', end: '24:00' })),
	}

	it('start over when a whole schedule changes', async () => {
		const watchers = await Promise.all([watching(one!), watching(two!)])
		expect((await call(one!, 'PUT', `/doctors/${doctor.id}/schedule`, { token: doctor.token, body: hours })).status).to.equal(200)
		expect((await call(one!, 'POST', `/doctors/${doctor.id}/slots/generate`, { token: doctor.token, body: { days: 2 } })).status).to.equal(
			200,
		)
		await waitFor(async () => (await Promise.all(watchers.map(isRight))).every(Boolean), 'everyone to know the new calendar')
		for (const watcher of watchers) {
			expect(watcher.gaps).to.be.greaterThan(0)
			expect(watcher.picture.size).to.be.greaterThan(60)
		}
	})

	it('are not sent a reset after they started over by themselves or left', async () => {
		const recorders = await Promise.all(Array.from({ length: 30 }, () => recording(one!)))
		await call(one!, 'PUT', `/doctors/${doctor.id}/schedule`, { token: doctor.token, body: hours })
		await call(one!, 'POST', `/doctors/${doctor.id}/slots/generate`, { token: doctor.token, body: { days: 2 } })
		await waitFor(() => recorders.some(recorder => recorder.frames().length > 0), 'the first to be told')
		const notTold = recorders.filter(recorder => recorder.frames().length === 0)
		expect(notTold.length, 'those who are told later').to.be.greaterThan(0)
		const [leaving, staying] = [notTold.slice(0, 3), notTold.slice(3)]
		await Promise.all([
			...leaving.map(({ socket }) => socket.emitWithAck('calendar:unwatch', { doctorId: doctor.id })),
			...staying.map(recorder => recorder.watch()),
		])
		const before = leaving.map(recorder => recorder.frames().length)
		// All watchers would be sent it within 0.4 s. This test checks that nothing is sent.
		await new Promise(resolve => setTimeout(resolve, 500))
		for (const [index, recorder] of leaving.entries()) expect(recorder.frames()).to.have.length(before[index]!)
		for (const { heard } of staying)
			expect(heard.at(heard.findLastIndex(each => each.kind !== 'presence'))).to.have.property('kind', 'snapshot')
	})

	it('are not disturbed when a socket briefly watches through the other node', async () => {
		const recorder = await recording(two!)
		for (let i = 0; i < 30; i++) {
			const visitor = await aSocket(one!)
			visitor.emit('calendar:watch', { doctorId: doctor.id, ...soon() }, () => {})
			// Long enough for the request to arrive, too short for its answer.
			await new Promise(resolve => setTimeout(resolve, i % 6))
			visitor.disconnect()
		}
		ok(await (await aSocket(two!, (await aPatient(one!)).token)).emitWithAck('slot:hold', { slotId: slots[0]! }))
		// A node that believes to have missed something says so within a second.
		await new Promise(resolve => setTimeout(resolve, 1500))
		expect(recorder.frames().map(frame => frame.changes.length)).to.deep.equal([1])
	})

	it('do not start over when a change comes just as the first of them begins', async () => {
		const doctors = await Promise.all(Array.from({ length: 40 }, () => aDoctor(one!)))
		const holder = await aSocket(two!, (await aPatient(one!)).token)
		const holders = await Promise.all(doctors.map(async () => aSocket(two!, (await aPatient(one!)).token)))
		holder.disconnect()
		const recorders = await Promise.all(
			doctors.map(async ({ id }, index) => {
				const free = await someSlots(one!, id, { count: 20 })
				const socket = await aSocket(one!)
				let going = true
				const storm = (async () => {
					for (let i = 0; going; i++) {
						const slotId = free[i % 20]!
						await holders[index]!.emitWithAck('slot:hold', { slotId })
						await holders[index]!.emitWithAck('slot:release', { slotId })
					}
				})()
				const recorder = aRecorder(socket, id, soon())
				await new Promise(resolve => setTimeout(resolve, Math.random() * 50))
				await recorder.watch()
				going = false
				await storm
				return recorder
			}),
		)
		// A node that believes to have missed something says so within a second.
		await new Promise(resolve => setTimeout(resolve, 1500))
		const startedOver = recorders.filter(recorder => recorder.frames().some(frame => frame.changes.length === 0))
		expect(startedOver.length, 'watchers who were made to start over').to.equal(0)
		for (const recorder of recorders) recorder.picture()
	})
})
