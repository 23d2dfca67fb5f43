import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Snapshot } from '../../contract/index.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aRecorder, type Recorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, eavesdrop, ok } from '../support/watcher.ts'

describe('a calendar', () => {
	const [node, other] = useNodes(2)
	afterEach(closeSockets)

	let doctor: Person
	let slots: string[]
	beforeEach(async () => {
		doctor = await aDoctor(node!, { fullName: 'Dr. Open' })
		slots = await someSlots(node!, doctor.id, { count: 6 })
	})

	const watching = async (on: { url: string }, token?: string) => {
		const socket = await aSocket(on, token)
		const sent = eavesdrop(socket)
		const recorder = aRecorder(socket, doctor.id, soon())
		await recorder.watch()
		return { recorder, sent, token, on }
	}

	/** A hold that stays, a booking, a booking by the desk, and a cancelled one. */
	const aBusyMorning = async () => {
		const holder = await aPatient(node!, { fullName: 'Marker Holder' })
		const patient = await aPatient(node!, { fullName: 'Marker Patient' })
		const caller = await aPatient(node!, { fullName: 'Marker Caller' })
		const desk = await aReceptionist(node!, { fullName: 'Marker Desk' })
		const [holding, booking, deskSocket] = await Promise.all([holder, patient, desk].map(({ token }) => aSocket(node!, token)))
		ok(await holding!.emitWithAck('slot:hold', { slotId: slots[0]! }))
		ok(await booking!.emitWithAck('slot:hold', { slotId: slots[1]! }))
		const { appointment } = ok(
			await booking!.emitWithAck('appointment:book', { slotId: slots[1]!, reason: 'Marker reason', idempotencyKey: randomUUID() }),
		)
		ok(await deskSocket!.emitWithAck('slot:hold', { slotId: slots[4]! }))
		ok(await deskSocket!.emitWithAck('appointment:book', { slotId: slots[2]!, patientId: caller.id, idempotencyKey: randomUUID() }))
		const { appointment: off } = ok(await booking!.emitWithAck('appointment:book', { slotId: slots[3]!, idempotencyKey: randomUUID() }))
		ok(await booking!.emitWithAck('appointment:cancel', { appointmentId: off.id, reason: 'Marker reason' }))
		return { holder, patient, caller, desk, appointment }
	}

	const personal = /Marker|"heldBy"|"appointment"|"patientName"|"holderId"|"patientId"|"reason"/i

	it('shows the public that slots are taken, but not by whom, in snapshots, changes, listings and refusals', async () => {
		const tokens = [
			undefined,
			(await aPatient(node!)).token,
			(await aDoctor(node!)).token,
			(await aDoctor(node!, { status: 'pending' })).token,
			(await aReceptionist(node!, { status: 'pending' })).token,
		]
		const early = await Promise.all(tokens.flatMap(token => [watching(node!, token), watching(other!, token)]))
		await aBusyMorning()
		const late = await Promise.all(tokens.map(token => watching(other!, token)))
		for (const { recorder, sent, token, on } of [...early, ...late]) {
			const listed = await recorder.agrees(on, token)
			expect(listed.slots.map(slot => slot.state)).to.deep.equal(['held', 'booked', 'booked', 'free', 'held', 'free'])
			expect(Object.keys(listed.slots[1]!)).to.have.members(['id', 'doctorId', 'startsAt', 'endsAt', 'state'])
			if (token) await recorder.socket.emitWithAck('slot:hold', { slotId: slots[0]! })
			if (token) await recorder.socket.emitWithAck('slot:release', { slotId: slots[0]! })
			expect(JSON.stringify(listed)).not.to.match(personal)
			expect(sent.length).to.be.greaterThan(0)
			for (const text of sent) expect(text).not.to.match(personal)
		}
		for (const { recorder } of early) expect(recorder.frames().flatMap(frame => frame.changes).length).to.be.greaterThan(5)
	})

	it('shows staff and the doctor who holds a slot, and whose appointment it is', async () => {
		const tokens = [doctor.token, (await aReceptionist(node!)).token, (await anAdmin(node!)).token]
		const early = await Promise.all(tokens.map((token, index) => watching(index % 2 ? node! : other!, token)))
		const { appointment } = await aBusyMorning()
		const late = await Promise.all(tokens.map(token => watching(other!, token)))
		for (const { recorder, sent, token, on } of [...early, ...late]) {
			const { slots: seen } = await recorder.agrees(on, token)
			expect(seen[0]).to.deep.include({ state: 'held', heldBy: { name: 'Marker Holder', role: 'patient' } })
			expect(seen[0]).not.to.have.property('heldByMe')
			expect(seen[1]).to.deep.include({
				state: 'booked',
				appointment: { id: appointment.id, patientName: 'Marker Patient', status: 'booked' },
			})
			expect(seen[2]).to.have.nested.property('appointment.patientName', 'Marker Caller')
			expect(seen[4]).to.deep.include({ state: 'held', heldBy: { name: 'Marker Desk', role: 'receptionist' } })
			for (const text of sent) expect(text).not.to.match(/holderId/)
			expect(sent.join(), 'what is listened to').to.match(/Marker Patient/)
		}
	})

	it('shows staff a change of an appointment’s status', async () => {
		const { appointment, desk } = await aBusyMorning()
		const { recorder, on, token } = await watching(other!, desk.token)
		expect(
			(await call(node!, 'POST', `/appointments/${appointment.id}/status`, { token: desk.token, body: { status: 'checked_in' } })).status,
		).to.equal(200)
		const { slots: seen } = await recorder.agrees(on, token)
		await waitFor(() => recorder.told(slots[1]!)?.appointment?.status === 'checked_in', 'the change to be told')
		expect(seen[1]).to.have.nested.property('appointment.status', 'checked_in')
	})

	it('marks a hold as the holder’s own for the holder alone, in every tab, on every node, over HTTP and in changes', async () => {
		const holder = await aPatient(node!)
		const tab = await watching(node!, holder.token)
		const secondTab = await watching(other!, holder.token)
		const others: { recorder: Recorder; token: string | undefined }[] = [
			await watching(node!, (await aPatient(node!)).token),
			await watching(node!, (await aReceptionist(node!)).token),
			await watching(other!),
		]
		const answer = await call(node!, 'POST', `/slots/${slots[0]}/hold`, { token: holder.token, body: {} })
		expect(answer.status).to.equal(201)
		for (const { recorder, on } of [tab, secondTab]) {
			await waitFor(() => recorder.told(slots[0]!)?.state === 'held', 'the hold to be told')
			expect(recorder.told(slots[0]!)).to.include({ heldByMe: true, heldUntil: answer.body.expiresAt })
			expect((await recorder.agrees(on, holder.token)).slots[0]).to.include({ heldByMe: true })
		}
		for (const { recorder, token } of others) {
			await waitFor(() => recorder.told(slots[0]!)?.state === 'held', 'the hold to be told')
			expect(recorder.told(slots[0]!)).not.to.have.property('heldByMe')
			await recorder.agrees(other!, token)
		}
		ok(await secondTab.recorder.socket.emitWithAck('slot:release', { slotId: slots[0]! }))
		for (const { recorder } of [tab, secondTab, ...others]) {
			await waitFor(() => recorder.told(slots[0]!)?.state === 'free', 'the release to be told')
			expect(recorder.told(slots[0]!)).not.to.have.any.keys('heldByMe', 'heldUntil', 'heldBy')
		}
	})

	it('sends holders and others the same versions when a burst contains holds of both', async () => {
		const people = await Promise.all(Array.from({ length: 4 }, () => aPatient(node!)))
		const watchers = await Promise.all(people.map((person, index) => watching(index % 2 ? node! : other!, person.token)))
		for (let round = 0; round < 10; round++) {
			await Promise.all(watchers.map(({ recorder }, index) => recorder.socket.emitWithAck('slot:hold', { slotId: slots[index]! })))
			if (round === 9) break
			await Promise.all(watchers.map(({ recorder }, index) => recorder.socket.emitWithAck('slot:release', { slotId: slots[index]! })))
		}
		for (const [index, { recorder, on, token }] of watchers.entries()) {
			const { slots: seen } = await recorder.agrees(on, token)
			expect(seen.map(slot => slot.heldByMe === true)).to.deep.equal(seen.map((_, at) => at === index))
		}
	})

	it('refuses a listing with a bad token instead of showing the public view', async () => {
		const { from, to } = soon()
		const { status } = await call<Snapshot>(node!, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`, { token: 'nonsense' })
		expect(status).to.equal(401)
	})
})
