import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Slot } from '../../contract/index.ts'
import { inconsistencies, overlaps, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aRecorder } from '../support/recorder.ts'
import { aSocket, type Client, closeSockets, ok, refused } from '../support/watcher.ts'

describe('holds and bookings', () => {
	const [one, two] = useNodes(2)
	afterEach(closeSockets)

	let doctor: Person
	let slots: string[]
	beforeEach(async () => {
		doctor = await aDoctor(one!)
		slots = await someSlots(one!, doctor.id, { count: 30 })
	})

	const watching = async (on: { url: string }, token?: string) => {
		const recorder = aRecorder(await aSocket(on, token), doctor.id, soon())
		await recorder.watch()
		return recorder
	}
	const book = (socket: Client, slotId: string, patientId?: string) =>
		socket.emitWithAck('appointment:book', { slotId, idempotencyKey: randomUUID(), ...(patientId && { patientId }) })

	it('let the holder book a held slot, and no other patient', async () => {
		const [holder, rival] = [await aPatient(one!), await aPatient(one!)]
		const [holding, rivalling] = [await aSocket(one!, holder.token), await aSocket(two!, rival.token)]
		const recorder = await watching(two!, holder.token)
		ok(await holding.emitWithAck('slot:hold', { slotId: slots[4]! }))
		const { code, alternatives } = refused(await book(rivalling, slots[4]!))
		expect(code).to.equal('slot_held')
		expect(alternatives?.map(offer => slots.indexOf(offer.id))).to.deep.equal([3, 5, 2, 6, 1])
		const overHttp = await call(one!, 'POST', '/appointments', { token: rival.token, body: { slotId: slots[4] }, key: randomUUID() })
		expect([overHttp.status, overHttp.body.code]).to.deep.equal([409, 'slot_held'])

		ok(await book(holding, slots[4]!))
		const { slots: seen } = await recorder.agrees(one!, holder.token)
		expect(seen[4]).to.deep.equal({ ...seen[4], state: 'booked' })
		expect(seen[4]).not.to.have.any.keys('heldByMe', 'heldUntil', 'heldBy')
		expect(refused(await holding.emitWithAck('slot:release', { slotId: slots[4]! })).code).to.equal('hold_expired')
		expect(refused(await rivalling.emitWithAck('slot:hold', { slotId: slots[4]! })).code).to.equal('slot_booked')
	})

	it('let the desk book a slot that it holds for a patient', async () => {
		const desk = await aSocket(one!, (await aReceptionist(one!)).token)
		const patient = await aPatient(one!)
		ok(await desk.emitWithAck('slot:hold', { slotId: slots[0]! }))
		expect(refused(await book(await aSocket(one!, patient.token), slots[0]!)).code).to.equal('slot_held')
		ok(await book(desk, slots[0]!, patient.id))
	})

	it('keep a hold when its holder’s booking is refused', async () => {
		const holder = await aPatient(one!)
		const socket = await aSocket(one!, holder.token)
		const elsewhere = await aDoctor(one!)
		const [sameTime] = await someSlots(one!, elsewhere.id)
		ok(await book(socket, sameTime!))
		const recorder = await watching(two!, holder.token)
		const { hold } = ok(await socket.emitWithAck('slot:hold', { slotId: slots[0]! }))
		expect(refused(await book(socket, slots[0]!)).code).to.equal('patient_overlap')
		const { slots: seen } = await recorder.agrees(one!, holder.token)
		expect(seen[0]).to.include({ state: 'held', heldByMe: true, heldUntil: hold.expiresAt })
		ok(await socket.emitWithAck('slot:release', { slotId: slots[0]! }))
	})

	it('do not show or grant a booked slot as free or held, under many concurrent requests', async function () {
		this.timeout(60_000)
		const staff = await aReceptionist(one!)
		const recorders = await Promise.all([watching(one!), watching(two!), watching(two!, staff.token), watching(one!, doctor.token)])
		const clients = await Promise.all(
			Array.from({ length: 24 }, async (_, index) => {
				const patient = await aPatient(one!)
				return { patient, socket: await aSocket(index % 2 ? one! : two!, patient.token) }
			}),
		)
		/** Slots that were acknowledged as booked. */
		const booked = new Set<string>()
		const wronglyHeld: string[] = []
		const refusals: string[] = []
		let holds = 0

		const tryToBook = async (socket: (typeof clients)[number]['socket'], slotId: string) => {
			const answer = await book(socket, slotId)
			if (!answer.ok) refusals.push(answer.error.code)
			else if (booked.has(slotId)) throw new Error(`${slotId} was booked twice`)
			else booked.add(slotId)
		}

		const play = async ({ socket, patient }: (typeof clients)[number]) => {
			for (let turn = 0; turn < 50 && booked.size < slots.length; turn++) {
				const slotId = slots[Math.floor(Math.random() * slots.length)]!
				const chance = Math.random()
				// Rare enough that slots are contested before they are gone.
				if (chance < 0.12) {
					await tryToBook(socket, slotId)
					continue
				}
				const wasBooked = booked.has(slotId)
				const got =
					chance < 0.8
						? (await socket.emitWithAck('slot:hold', { slotId })).ok
						: (await call(one!, 'POST', `/slots/${slotId}/hold`, { token: patient.token, body: {} })).status === 201
				if (got) holds++
				if (got && wasBooked) wronglyHeld.push(slotId)
				if (got && chance < 0.6) await socket.emitWithAck('slot:release', { slotId })
				// A socket that never releases its slot would keep others from booking it.
				else if (got && chance < 0.7) await tryToBook(socket, slotId)
			}
		}
		await Promise.all(clients.map(play))

		expect(wronglyHeld).to.deep.equal([])
		expect(holds).to.be.greaterThan(50)
		expect(booked.size).to.be.greaterThan(10)
		expect([...new Set(refusals)]).to.have.members([...new Set(refusals)].filter(code => ['slot_booked', 'slot_held'].includes(code)))
		const rows = await one!.db('appointment_slots').where({ doctor_id: doctor.id }).whereNotNull('appointment_id').orderBy('starts_at')
		const inDatabase = rows.map(row => `${doctor.id}-${row.starts_at.getTime() / 60_000}`)
		expect(inDatabase).to.have.members([...booked])
		const tokens = [undefined, undefined, staff.token, doctor.token]
		for (const [index, recorder] of recorders.entries()) {
			const listed = await recorder.agrees(index % 2 ? one! : two!, tokens[index])
			expect(listed.slots.filter(slot => slot.state === 'booked').map(slot => slot.id)).to.deep.equal(inDatabase)
			// No client cancels here, so a slot that was published as booked must stay booked.
			const known = new Map<string, Slot['state']>()
			for (const { id, state, version } of recorder.frames().flatMap(frame => frame.changes)) {
				expect(known.get(id) === 'booked' && state !== 'booked', `${id} became ${state} in ${version}`).to.equal(false)
				known.set(id, state)
			}
		}
		expect(await overlaps(one!.db)).to.equal(0)
		expect(await inconsistencies(one!.db)).to.equal(0)
	})

	it('do not leave a slot marked as held when its holder books, renews and releases at the same time', async () => {
		const recorder = await watching(two!)
		for (const slotId of slots.slice(0, 12)) {
			const patient = await aPatient(one!)
			const [tab, otherTab] = [await aSocket(one!, patient.token), await aSocket(two!, patient.token)]
			ok(await tab.emitWithAck('slot:hold', { slotId }))
			const [answer] = await Promise.all([
				book(tab, slotId),
				otherTab.emitWithAck('slot:hold', { slotId }),
				tab.emitWithAck('slot:release', { slotId }),
				otherTab.emitWithAck('slot:hold', { slotId }),
			])
			ok(answer)
		}
		const { slots: seen } = await recorder.agrees(one!)
		expect(seen.slice(0, 12).map(slot => slot.state)).to.deep.equal(Array(12).fill('booked'))
	})
})
