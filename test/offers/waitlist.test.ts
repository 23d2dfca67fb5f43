import { expect } from 'chai'
import { aType, hoursAhead, inconsistencies, overlaps, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets } from '../support/watcher.ts'
import { offersOf, soonWindow } from './an-offer.ts'

describe('the waiting list', () => {
	const node = useNode({ QUIET_HOURS: 'off' })
	let desk: Person
	let doctor: Person
	let typeId: string
	let slots: string[]
	let visitor: Person
	const { accept, decline, read, book, cancel, slot, wait, offersFor, openOfferFor } = offersOf(node, () => desk)
	before(async () => {
		desk = await aReceptionist(node)
		typeId = await aType(node, 30)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node)
		visitor = await aPatient(node)
		slots = await someSlots(node, doctor.id, { count: 6 })
	})
	afterEach(async () => {
		closeSockets()
		expect(await overlaps(node.db)).to.equal(0)
		expect(await inconsistencies(node.db)).to.equal(0)
		await node.db('waitlist_entries').update({ status: 'left' })
	})
	/** A booked visit in the slot, which becomes free by the returned function. */
	const aVisit = async (slotId: string) => {
		const { body } = await book(slotId, visitor)
		return () => cancel(body.id, visitor)
	}
	const wish = (more: Record<string, unknown> = {}) => ({ typeId, doctorIds: [doctor.id], ...more })

	it('offers a freed slot to the first in line, and no watcher sees it free in between', async () => {
		const free = await aVisit(slots[0]!)
		const [first, second] = [await aPatient(node), await aPatient(node)]
		const entry = await wait(first, wish(), first)
		expect(entry).to.include({ status: 'waiting', position: 1 })
		expect(await wait(second, wish())).to.include({ position: 2 })
		const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
		await free()
		const offer = await openOfferFor(first)
		expect(offer).to.include({ why: 'waitlist', entryId: entry.id, startsAt: (await slot(slots[0]!)).startsAt })
		await waitFor(() => watcher.stateOf(slots[0]!) === 'held', 'the watcher sees it')
		const seen = watcher.frames.flatMap(({ changes }) => changes.filter(({ id }) => id === slots[0]).map(({ state }) => state))
		expect(seen).not.to.include('free')
		expect(await offersFor(second)).to.deep.equal([])
	})

	it('asks the next at once when an offer is declined, and frees the slot when none is left', async () => {
		const free = await aVisit(slots[0]!)
		const [first, second] = [await aPatient(node), await aPatient(node)]
		await wait(first, wish())
		await wait(second, wish())
		await free()
		await decline((await openOfferFor(first)).id, first)
		const offer = await openOfferFor(second)
		expect((await slot(slots[0]!)).state).to.equal('held')
		await decline(offer.id, second)
		await waitFor(async () => (await slot(slots[0]!)).state === 'free', 'the slot is free')
		const { body: history } = await call(node, 'GET', `/slots/${slots[0]}/history`, { token: desk.token })
		const told = history.items.map(({ what, patientName }: { what: string; patientName: string }) => `${what} ${patientName}`)
		expect(told).to.include.members([first, second].flatMap(({ fullName }) => [`offered ${fullName}`, `released ${fullName}`]))
		expect(await offersFor(first)).to.have.length(1)
		expect(await offersFor(second)).to.have.length(1)
	})

	it('asks urgent entries first, and then by when they came', async () => {
		const patients = await Promise.all([1, 2, 3].map(() => aPatient(node)))
		const frees = [await aVisit(slots[0]!), await aVisit(slots[1]!), await aVisit(slots[2]!)]
		await wait(patients[0]!, wish())
		await wait(patients[1]!, wish())
		await wait(patients[2]!, wish({ priority: 'urgent' }))
		for (const [i, index] of [2, 0, 1].entries()) {
			await frees[i]!()
			expect((await openOfferFor(patients[index]!)).slotIds).to.deep.equal([slots[i]])
		}
	})

	it('respects doctors, sites, windows, weekdays, hours, notice and other visits', async () => {
		const free = await aVisit(slots[0]!)
		const start = new Date(Number(slots[0]!.split('-')[1]) * 60_000)
		const other = await aDoctor(node)
		const weekday = start.getUTCDay() || 7
		const hour = (add: number) => `${String((start.getUTCHours() + add) % 24).padStart(2, '0')}:00`
		const after = start.getUTCHours() < 22 ? { start: hour(1), end: hour(2) } : { start: '00:00', end: '01:00' }
		const misfits = [
			{ doctorIds: [other.id] },
			{ doctorIds: undefined, specialty: 'Dermatology' },
			{ siteIds: ['999999'] },
			{ until: new Date(start.getTime() - 86_400_000).toISOString().slice(0, 10) },
			{ weekdays: [(weekday % 7) + 1] },
			{ between: after },
			{ noticeMinutes: 60 * 24 * 3 },
			{ typeId: await aType(node, 240) },
		]
		for (const misfit of misfits) await wait(await aPatient(node), { ...wish(), ...misfit })
		const busy = await aPatient(node)
		const [elsewhere] = await someSlots(node, other.id, { from: start })
		expect((await book(elsewhere!, busy)).status).to.equal(201)
		await wait(busy, wish())
		const fitting = await aPatient(node)
		await wait(fitting, wish({ weekdays: [weekday], noticeMinutes: 60 }))
		await free()
		await openOfferFor(fitting)
		const offered = await node.db('slot_offers').where({ doctor_id: doctor.id })
		expect(offered).to.have.length(1)
	})

	it('moves the visit that the entry replaces, and offers on the slot that this leaves', async () => {
		const free = await aVisit(slots[0]!)
		const [mover, last] = [await aPatient(node), await aPatient(node)]
		const [late] = await someSlots(node, doctor.id, { from: hoursAhead(72) })
		const { body: visit } = await book(late!, mover, typeId)
		await wait(mover, wish({ replaces: visit.id }), mover)
		await wait(last, wish())
		await free()
		const moved = await accept((await openOfferFor(mover)).id, mover)
		expect(moved.body).to.include({ id: visit.id, status: 'booked' })
		const onward = await openOfferFor(last)
		expect(onward.slotIds).to.deep.equal([late])
		expect((await call(node, 'GET', `/waitlist?patientId=${mover.id}`, { token: desk.token })).body.items[0].status).to.equal('booked')
	})

	it('takes free slots beside the freed one for a longer visit, but none that an account holds', async () => {
		const long = await aType(node, 60)
		const free = await aVisit(slots[0]!)
		const freeAgain = await aVisit(slots[3]!)
		const [patient, next] = [await aPatient(node), await aPatient(node)]
		await wait(patient, wish({ typeId: long }))
		await free()
		expect((await openOfferFor(patient)).slotIds).to.deep.equal([slots[0], slots[1]])
		const holder = await aSocket(node, (await aPatient(node)).token)
		await holder.emitWithAck('slot:hold', { slotId: slots[4]! })
		await holder.emitWithAck('slot:hold', { slotId: slots[2]! })
		await wait(next, wish({ typeId: long }))
		await freeAgain()
		await waitFor(async () => (await slot(slots[3]!)).state === 'free', 'none is asked')
		expect(await offersFor(next)).to.deep.equal([])
	})

	it('makes one open offer a patient', async () => {
		const frees = [await aVisit(slots[0]!), await aVisit(slots[2]!)]
		const patient = await aPatient(node)
		await wait(patient, wish())
		await wait(patient, wish())
		for (const free of frees) await free()
		const offer = await openOfferFor(patient)
		expect((await offersFor(patient)).length).to.equal(1)
		expect((await slot(slots[2]!)).state).to.equal('free')
		expect((await accept(offer.id, patient)).status).to.equal(200)
	})

	it('is closed to patients where the clinic has none, and to other people’s entries', async () => {
		const [patient, other] = [await aPatient(node), await aPatient(node)]
		const entry = await wait(patient, wish(), patient)
		expect((await call(node, 'DELETE', `/waitlist/${entry.id}`, { token: other.token })).status).to.equal(404)
		const changed = await call(node, 'PATCH', `/waitlist/${entry.id}`, { token: patient.token, body: { noticeMinutes: 30 } })
		expect(changed.body).to.include({ noticeMinutes: 30, position: 1 })
		expect((await call(node, 'DELETE', `/waitlist/${entry.id}`, { token: patient.token })).status).to.equal(204)
		expect((await call(node, 'GET', '/waitlist', { token: patient.token })).body.items[0]).to.include({ status: 'left', position: 0 })
		const admin = await anAdmin(node)
		const { body: clinic } = await call(node, 'GET', '/clinic', { token: admin.token })
		const policy = (waitlist: boolean) =>
			call(node, 'PATCH', '/clinic', { token: admin.token, body: { policy: { ...clinic.policy, waitlist } } })
		await policy(false)
		await waitFor(async () => {
			const body = { ...wish(), ...soonWindow() }
			return (await call(node, 'POST', '/waitlist', { token: patient.token, body })).status === 403
		}, 'patients cannot wait')
		await policy(true)
	})

	it('passes an offer on when its message cannot be delivered', async () => {
		const free = await aVisit(slots[0]!)
		const [first, second] = [await aPatient(node), await aPatient(node)]
		await wait(first, wish())
		await wait(second, wish())
		// The address is refused for good.
		await node.db('patients').where({ id: first.id }).update({ email: 'no address' })
		await free()
		await openOfferFor(second)
		const [failed] = await offersFor(first)
		expect((await read(failed!.id)).status).to.equal('withdrawn')
	})

	it('is answered by the link in the message, without an account', async () => {
		const free = await aVisit(slots[0]!)
		const patient = await aPatient(node)
		await wait(patient, wish())
		await free()
		const offer = await openOfferFor(patient)
		const { items } = (await (await fetch(`${node.url}/dev/outbox.json`)).json()) as { items: { to: string; text: string }[] }
		const letter = items.find(({ to }) => JSON.stringify(to).includes(patient.email))!
		const link = /http\S+\/o\/\S+/.exec(letter.text)![0]
		expect(await (await fetch(link)).text()).to.contain('Accept')
		expect((await read(offer.id)).status).to.equal('open')
		const answer = await fetch(link, { method: 'POST', body: new URLSearchParams({ act: 'accept' }) })
		expect(answer.status).to.equal(200)
		expect((await read(offer.id)).status).to.equal('accepted')
		expect((await slot(slots[0]!)).state).to.equal('booked')
		expect((await fetch(`${link.slice(0, -1)}x`)).status).to.equal(404)
		const unsubscribe = /http\S+\/n\/\S+/.exec(letter.text)![0]
		expect((await fetch(unsubscribe, { method: 'POST', body: new URLSearchParams({ act: 'unsubscribe' }) })).status).to.equal(200)
		expect((await node.db('patients').where({ id: patient.id }).first('notify_email')).notify_email).to.equal(false)
	})
})
