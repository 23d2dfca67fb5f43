import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { hoursAhead, inconsistencies, overlaps, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, ok, refused } from '../support/watcher.ts'
import { offersOf } from './an-offer.ts'

describe('an offer', () => {
	const node = useNode()
	let desk: Person
	let doctor: Person
	let slots: string[]
	const { make, offer, accept, decline, read, isOpen, book, slot } = offersOf(node, () => desk)
	before(async () => {
		desk = await aReceptionist(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node)
		slots = await someSlots(node, doctor.id, { count: 6 })
	})
	afterEach(async () => {
		closeSockets()
		expect(await overlaps(node.db)).to.equal(0)
		expect(await inconsistencies(node.db)).to.equal(0)
	})

	it('shows its slot as held until its end, to the desk with the name of its patient', async () => {
		const patient = await aPatient(node)
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		const { id } = await offer(slots[0]!, patient, { expiresInMinutes: 30 })
		const { expiresAt } = await isOpen(id)
		const seen = await slot(slots[0]!)
		expect(seen.state).to.equal('held')
		expect(seen.heldUntil).to.equal(expiresAt)
		expect(seen).not.to.have.property('offeredTo')
		expect((await slot(slots[0]!, desk.token)).offeredTo).to.deep.equal({ patientName: patient.fullName })
		expect((await slot(slots[0]!, patient.token)).heldByMe).to.equal(true)
		await waitFor(() => watcher.picture.get(slots[0]!)?.heldUntil === expiresAt, 'the watcher sees until when')
		expect(watcher.picture.get(slots[0]!)).not.to.have.property('offeredTo')
	})

	it('keeps its slot from everyone but its patient', async () => {
		const [patient, other] = [await aPatient(node), await aPatient(node)]
		const { id } = await offer(slots[0]!, patient)
		expect((await book(slots[0]!, other)).body.code).to.equal('slot_held')
		expect(refused(await (await aSocket(node, other.token)).emitWithAck('slot:hold', { slotId: slots[0]! })).code).to.equal('slot_held')
		expect((await make(slots[0]!, other)).body).to.include({ code: 'slot_held' })
		expect((await accept(id, other)).status).to.equal(404)
		const answer = await accept(id, patient)
		expect(answer.status, JSON.stringify(answer.body)).to.equal(200)
		expect(answer.body).to.include({ patientId: patient.id, status: 'booked', startsAt: (await read(id)).startsAt })
		expect((await slot(slots[0]!)).state).to.equal('booked')
		expect((await read(id)).status).to.equal('accepted')
		expect((await accept(id, patient)).body.code).to.equal('offer_ended')
	})

	it('is refused for a slot that another account holds', async () => {
		const [patient, holder] = [await aPatient(node), await aPatient(node)]
		ok(await (await aSocket(node, holder.token)).emitWithAck('slot:hold', { slotId: slots[0]! }))
		expect((await make(slots[0]!, patient)).body).to.include({ code: 'slot_held' })
	})

	it('frees its slot when it is declined, when it expires, and when staff withdraw it', async () => {
		const patient = await aPatient(node)
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		const declined = await offer(slots[0]!, patient)
		expect((await make(slots[1]!, patient)).body).to.include({ code: 'wrong_status' })
		expect((await decline(declined.id, patient)).body).to.include({ status: 'declined' })
		const expiring = await offer(slots[1]!, patient, { expiresInMinutes: 0.02 })
		await waitFor(async () => (await read(expiring.id)).status === 'expired', 'it expires')
		const { id } = await offer(slots[2]!, patient)
		expect((await call(node, 'POST', `/offers/${id}/withdraw`, { token: desk.token })).body).to.include({ status: 'withdrawn' })
		for (const each of [declined.id, expiring.id, id]) expect((await accept(each, patient)).body.code).to.equal('offer_ended')
		await waitFor(() => [0, 1, 2].every(i => watcher.stateOf(slots[i]!) === 'free'), 'the watcher sees free slots')
		expect(watcher.gaps).to.equal(0)
	})

	it('moves the visit that it replaces, whole, also to another doctor', async () => {
		const patient = await aPatient(node)
		const other = await aDoctor(node)
		const [far] = await someSlots(node, other.id, { from: hoursAhead(120) })
		const { body: visit } = await book(far!, patient)
		const { id } = await offer(slots[0]!, patient, { replaces: visit.id })
		const answer = await accept(id, patient)
		expect(answer.status, JSON.stringify(answer.body)).to.equal(200)
		expect(answer.body).to.include({ id: visit.id, doctorId: doctor.id })
		expect((await slot(slots[0]!)).state).to.equal('booked')
		expect((await slot(far!)).state).to.equal('free')
	})

	it('is won once by fifty who accept it at once', async () => {
		const patient = await aPatient(node)
		const { id } = await offer(slots[0]!, patient)
		const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => accept(id, i % 2 ? patient : desk, randomUUID())))
		expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
		for (const answer of answers) if (answer.status !== 200) expect(answer.body.code).to.equal('offer_ended')
		const rows = await node.db('appointments').where({ patient_id: patient.id, status: 'booked' })
		expect(rows).to.have.length(1)
	})

	it('either is accepted or expires, when both happen at once', async function () {
		this.timeout(30_000)
		for (let round = 0; round < 5; round++) {
			const patient = await aPatient(node)
			const { id } = await offer(slots[round]!, patient, { expiresInMinutes: 0.02 })
			const { expiresAt } = await isOpen(id).catch(() => read(id))
			const wait = Math.max(0, Date.parse(expiresAt ?? '') - Date.now() - 60 + round * 40)
			await new Promise(resolve => setTimeout(resolve, wait))
			const { status } = await accept(id, patient)
			await waitFor(async () => ['accepted', 'expired'].includes((await read(id)).status), 'it ends')
			expect((await read(id)).status).to.equal(status === 200 ? 'accepted' : 'expired')
			expect((await slot(slots[round]!)).state).to.equal(status === 200 ? 'booked' : 'free')
		}
	})

	it('tells its patient and staff of every change, and no other account', async () => {
		const [patient, other] = [await aPatient(node), await aPatient(node)]
		const heard: Record<string, string[]> = { patient: [], desk: [], other: [] }
		for (const [name, who] of Object.entries({ patient, desk, other })) {
			const socket = await aSocket(node, who.token)
			socket.on('offer:changed', ({ offer }) => void heard[name]!.push(`${offer.id} ${offer.status}`))
		}
		const { id } = await offer(slots[0]!, patient)
		for (const name of ['patient', 'desk']) await waitFor(() => heard[name]!.includes(`${id} open`), `${name} hears that it is open`)
		await accept(id, patient)
		for (const name of ['patient', 'desk']) await waitFor(() => heard[name]!.includes(`${id} accepted`), `${name} hears the answer`)
		expect(heard.other).to.deep.equal([])
	})

	it('survives a Redis that loses everything', async () => {
		const patient = await aPatient(node)
		const { id } = await offer(slots[0]!, patient)
		await isOpen(id)
		const { Redis } = await import('ioredis')
		const redis = new Redis(node.redisUrl)
		await redis.flushall()
		await redis.quit()
		expect((await slot(slots[0]!)).state).to.equal('held')
		expect((await book(slots[0]!, await aPatient(node))).status).to.equal(409)
		expect((await accept(id, patient)).status).to.equal(200)
	})
})
