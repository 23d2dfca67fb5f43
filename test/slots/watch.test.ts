import { expect } from 'chai'
import type { Snapshot } from '../../contract/index.ts'
import { aType, hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aRecorder, type Recorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, type Client, closeSockets, ok, refused } from '../support/watcher.ts'

describe('watching a calendar', () => {
	const node = useNode()
	afterEach(closeSockets)

	let doctor: Person
	let slots: string[]
	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'Europe/Berlin' })
		slots = await someSlots(node, doctor.id, { count: 12 })
	})

	const watching = async (token?: string, transports?: string[]): Promise<Recorder> => {
		const recorder = aRecorder(await aSocket(node, token, transports), doctor.id, soon())
		await recorder.watch()
		return recorder
	}
	const aHolder = async () => aSocket(node, (await aPatient(node)).token)
	const hold = async (socket: Client, slotId: string) => ok(await socket.emitWithAck('slot:hold', { slotId })).hold
	const release = async (socket: Client, slotId: string) => ok(await socket.emitWithAck('slot:release', { slotId }))

	/** Holds and releases without pause until `stop`. Each socket uses its own slots, so that no request is refused. */
	const aStorm = async (holders: number) => {
		const sockets = await Promise.all(Array.from({ length: holders }, aHolder))
		let stopping = false
		let changes = 0
		const running = sockets.map(async (socket, index) => {
			for (let turn = 0; !stopping; turn++) {
				const slotId = slots[index + holders * (turn % Math.floor(slots.length / holders))] as string
				await hold(socket, slotId)
				await release(socket, slotId)
				changes += 2
			}
		})
		return {
			count: () => changes,
			stop: async () => {
				stopping = true
				await Promise.all(running)
			},
		}
	}

	it('returns every slot of the range in order of time, the zone and a version', async () => {
		const snapshot = ok(await (await aSocket(node)).emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
		expect(snapshot).to.have.all.keys('ok', 'doctorId', 'timeZone', 'version', 'slots')
		expect(snapshot.doctorId).to.equal(doctor.id)
		expect(snapshot.timeZone).to.equal('Europe/Berlin')
		expect(Number.isSafeInteger(snapshot.version)).to.equal(true)
		expect(snapshot.slots.map(slot => slot.id)).to.deep.equal(slots)
		const from = hoursAhead(24).getTime()
		for (const [index, slot] of snapshot.slots.entries()) {
			expect(slot).to.deep.equal({
				id: slots[index],
				doctorId: doctor.id,
				startsAt: new Date(from + index * 1_800_000).toISOString(),
				endsAt: new Date(from + (index + 1) * 1_800_000).toISOString(),
				state: 'free',
			})
		}
	})

	it('returns the same snapshot over HTTP as over the socket', async () => {
		const holder = await aPatient(node)
		await hold(await aSocket(node, holder.token), slots[3] as string)
		const { from, to } = soon()
		for (const token of [undefined, holder.token, (await aReceptionist(node)).token]) {
			const { ok: _, ...watched } = ok(await (await aSocket(node, token)).emitWithAck('calendar:watch', { doctorId: doctor.id, from, to }))
			const { status, body } = await call<Snapshot>(node, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`, { token })
			expect(status).to.equal(200)
			expect(body).to.deep.equal(watched)
		}
	})

	it('sends one change on an idle server in one frame, right after the snapshot’s version', async () => {
		const recorder = await watching()
		const { version } = recorder.picture()
		const held = await hold(await aHolder(), slots[0] as string)
		await waitFor(() => recorder.frames().length > 0, 'a frame')
		const [frame] = recorder.frames()
		expect(frame).to.deep.include({ doctorId: doctor.id, fromVersion: (version as number) + 1, toVersion: (version as number) + 1 })
		expect(frame?.changes).to.have.length(1)
		expect(frame?.changes[0]).to.deep.equal({
			id: slots[0],
			doctorId: doctor.id,
			startsAt: hoursAhead(24).toISOString(),
			endsAt: new Date(hoursAhead(24).getTime() + 1_800_000).toISOString(),
			state: 'held',
			heldUntil: held.expiresAt,
			version: (version as number) + 1,
		})
		await recorder.agrees(node)
		expect(recorder.frames()).to.have.length(1)
	})

	it('sends the changes of a burst in shared frames, without losing one', async () => {
		const recorder = await watching()
		const holders = await Promise.all(Array.from({ length: 12 }, aHolder))
		for (let round = 0; round < 5; round++) {
			await Promise.all(holders.map((holder, index) => hold(holder, slots[index] as string)))
			await Promise.all(holders.map((holder, index) => release(holder, slots[index] as string)))
		}
		await recorder.agrees(node)
		const changes = recorder.frames().flatMap(frame => frame.changes)
		expect(changes).to.have.length(120)
		expect(recorder.frames().length).to.be.lessThan(60)
	})

	it('does not miss, repeat or reorder changes when it begins, and begins again, during a storm', async () => {
		const storm = await aStorm(6)
		const recorders = await Promise.all(Array.from({ length: 8 }, async () => aRecorder(await aSocket(node), doctor.id, soon())))
		for (let round = 0; round < 25; round++) {
			await Promise.all(recorders.map(recorder => recorder.watch()))
			const seen = storm.count()
			await waitFor(() => storm.count() > seen + (round % 5) * 4, 'the storm to go on')
		}
		await storm.stop()
		for (const recorder of recorders) {
			await recorder.agrees(node)
			expect(recorder.frames().length).to.be.greaterThan(10)
		}
	})

	it('is correct for sockets that come and go on a calendar without other watchers, during a storm', async () => {
		const storm = await aStorm(4)
		for (let round = 0; round < 40; round++) {
			const recorder = aRecorder(await aSocket(node), doctor.id, soon())
			await recorder.watch()
			if (round % 4 === 0) {
				const seen = storm.count()
				await waitFor(() => storm.count() > seen + 10, 'the storm to go on')
			} else await waitFor(() => recorder.frames().length > 0, 'a frame')
			recorder.picture()
			recorder.socket.disconnect()
		}
		await storm.stop()
	})

	it('answers concurrent watches in order, each with a snapshot newer than the changes before it', async () => {
		const storm = await aStorm(4)
		const recorder = aRecorder(await aSocket(node), doctor.id, soon())
		for (let round = 0; round < 30; round++) await Promise.all([recorder.watch(), recorder.watch(), recorder.watch()])
		await storm.stop()
		await recorder.agrees(node)
	})

	it('works over polling as over a WebSocket', async () => {
		const recorder = aRecorder(await aSocket(node, undefined, ['polling']), doctor.id, soon())
		await recorder.watch()
		const storm = await aStorm(3)
		await waitFor(() => recorder.frames().length >= 5, 'frames over polling')
		await recorder.watch()
		await waitFor(() => recorder.frames().length >= 10, 'more frames over polling')
		await storm.stop()
		await recorder.agrees(node)
		expect(recorder.socket.io.engine.transport.name).to.equal('polling')
	})

	it('does not send changes after unwatching, and sends them after watching again', async () => {
		const [leaver, stayer] = [await watching(), await watching()]
		const holder = await aHolder()
		await hold(holder, slots[0] as string)
		await waitFor(() => leaver.frames().length === 1, 'a frame')
		ok(await leaver.socket.emitWithAck('calendar:unwatch', { doctorId: doctor.id }))
		await hold(holder, slots[1] as string)
		await release(holder, slots[0] as string)
		await stayer.agrees(node)
		// Once this request is answered, everything that was sent before it has arrived.
		refused(await leaver.socket.emitWithAck('slot:hold', { slotId: slots[0] as string }))
		expect(leaver.frames()).to.have.length(1)
		await leaver.watch()
		await release(holder, slots[1] as string)
		await leaver.agrees(node)
	})

	it('accepts unwatching a calendar that was never watched', async () => {
		expect(await (await aSocket(node)).emitWithAck('calendar:unwatch', { doctorId: doctor.id })).to.deep.equal({ ok: true })
	})

	it('sends a calendar’s changes only to its watchers', async () => {
		const other = await aDoctor(node)
		const [otherSlot] = await someSlots(node, other.id)
		const recorder = await watching()
		const elsewhere = aRecorder(recorder.socket, other.id, soon())
		const bystander = aRecorder(await aSocket(node), other.id, soon())
		await Promise.all([elsewhere.watch(), bystander.watch()])
		const holder = await aHolder()
		await hold(holder, slots[0] as string)
		await hold(holder, otherSlot as string)
		await Promise.all([recorder.agrees(node), elsewhere.agrees(node), bystander.agrees(node)])
		expect(recorder.frames()).to.have.length(1)
		expect(elsewhere.frames()).to.have.length(1)
		const heardOfFirst: unknown[] = []
		bystander.socket.on('calendar:changed', frame => void (frame.doctorId === doctor.id && heardOfFirst.push(frame)))
		await release(holder, slots[0] as string)
		await release(holder, otherSlot as string)
		await bystander.agrees(node)
		expect(heardOfFirst).to.deep.equal([])
	})

	it('allows a socket at its limit of calendars to watch each of them again', async () => {
		const socket = await aSocket(node)
		const doctors = [doctor]
		while (doctors.length < 61) doctors.push(await aDoctor(node))
		const answers = await Promise.all(doctors.map(({ id }) => socket.emitWithAck('calendar:watch', { doctorId: id, ...soon() })))
		const watched = doctors.filter((_, index) => answers[index]?.ok)
		expect(watched).to.have.length(60)
		expect(answers.find(answer => !answer.ok)).to.nested.include({ 'error.code': 'rate_limited' })
		for (const { id } of watched.slice(0, 3)) ok(await socket.emitWithAck('calendar:watch', { doctorId: id, ...soon() }))
	})

	it('publishes a booking and a cancellation with the state of every slot', async () => {
		const patient = await aPatient(node)
		const typeId = await aType(node, 90)
		const recorder = await watching(patient.token)
		const socket = await aSocket(node, patient.token)
		const { appointment } = ok(await socket.emitWithAck('appointment:book', { slotId: slots[2] as string, typeId, idempotencyKey: 'one' }))
		await recorder.agrees(node, patient.token)
		expect(
			recorder
				.picture()
				.slots.filter(slot => slot.state === 'booked')
				.map(slot => slot.id),
		).to.deep.equal(slots.slice(2, 5))
		ok(await socket.emitWithAck('appointment:cancel', { appointmentId: appointment.id }))
		await recorder.agrees(node, patient.token)
		expect(recorder.picture().slots.every(slot => slot.state === 'free')).to.equal(true)
	})
})
