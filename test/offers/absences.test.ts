import { expect } from 'chai'
import type { AbsencePreview, Rebooking } from '../../contract/index.ts'
import { hoursAhead, inconsistencies, overlaps, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets } from '../support/watcher.ts'
import { offersOf } from './an-offer.ts'

describe('the absence of a doctor', () => {
	const node = useNode({ QUIET_HOURS: 'off' })
	let desk: Person
	let doctor: Person
	let patients: Person[]
	let visits: string[]
	let span: { startsAt: string; endsAt: string }
	let later: string[]
	const { accept, decline, offersFor, openOfferFor, book, slot } = offersOf(node, () => desk)
	before(async () => {
		desk = await aReceptionist(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node, { specialty: `Specialty ${Math.random()}` })
		const from = hoursAhead(48)
		span = { startsAt: from.toISOString(), endsAt: new Date(from.getTime() + 4 * 3_600_000).toISOString() }
		const slots = await someSlots(node, doctor.id, { count: 4, from })
		later = await someSlots(node, doctor.id, { count: 2, from: hoursAhead(72) })
		patients = await Promise.all(slots.map(() => aPatient(node)))
		visits = []
		for (const [i, id] of slots.entries()) visits.push((await book(id, patients[i]!)).body.id)
	})
	afterEach(async () => {
		closeSockets()
		expect(await overlaps(node.db)).to.equal(0)
		expect(await inconsistencies(node.db)).to.equal(0)
	})

	const preview = async () =>
		(await call<AbsencePreview>(node, 'POST', `/doctors/${doctor.id}/absences/preview`, { token: desk.token, body: span })).body.visits
	const add = async (plans: Record<string, unknown>[]) => {
		const body = { ...span, reason: 'flu', answerByMinutes: 60, visits: plans }
		const answer = await call<Rebooking>(node, 'POST', `/doctors/${doctor.id}/absences`, { token: desk.token, body })
		expect(answer.status, JSON.stringify(answer.body)).to.equal(201)
		return answer.body
	}
	const board = async (id: string) => (await call<Rebooking>(node, 'GET', `/rebookings/${id}`, { token: desk.token })).body

	it('proposes places of the same doctor, then of one of the same specialty, and none twice', async () => {
		const { specialty } = await node.db('doctors').where({ id: doctor.id }).first('specialty')
		const colleague = await aDoctor(node, { specialty })
		const [other] = await someSlots(node, colleague.id, { from: hoursAhead(49) })
		const shown = await preview()
		expect(shown.map(({ appointmentId }) => appointmentId)).to.deep.equal(visits)
		expect(shown.map(({ proposal }) => proposal?.id ?? null)).to.deep.equal([later[0], later[1], other, null])
		expect(shown[2]!.proposal).to.include({ doctorId: colleague.id, doctorName: colleague.fullName, state: 'free' })
	})

	it('blocks the span, offers other places, cancels, keeps, and shows every answer to staff', async () => {
		const receptionist = await aSocket(node, desk.token)
		let told: Rebooking | undefined
		receptionist.on('rebooking:changed', ({ rebooking }) => {
			told = rebooking
		})
		const rebooking = await add([
			{ appointmentId: visits[0], do: 'offer' },
			{ appointmentId: visits[1], do: 'offer', slotId: later[1] },
			{ appointmentId: visits[2], do: 'cancel' },
		])
		expect(rebooking.counts).to.deep.equal({ offered: 2, accepted: 0, declined: 0, expired: 0, cancelled: 1, kept: 1, unreachable: 0 })
		const reminders = await node.db('notification_queue').where({ appointment_id: visits[0], kind: 'reminder', status: 'due' })
		expect(reminders).to.deep.equal([])
		const first = await openOfferFor(patients[0]!)
		expect(first).to.include({ why: 'absence', rebookingId: rebooking.id, replaces: visits[0] })
		expect((await accept(first.id, patients[0]!)).body).to.include({ id: visits[0], status: 'booked' })
		await decline((await openOfferFor(patients[1]!)).id, patients[1]!)
		expect((await board(rebooking.id)).counts).to.include({ offered: 0, accepted: 1, declined: 1 })
		await waitFor(() => told?.counts.accepted === 1 && told.counts.declined === 1, 'staff are told')
		expect((await slot(first.slotIds[0]!)).state).to.equal('booked')
	})

	it('names patients who cannot be reached, and keeps their place for the call', async () => {
		await node.db('patients').where({ id: patients[0]!.id }).update({ email: null, phone: '+49 30 1234567' })
		const { visits: shown, counts } = await add([{ appointmentId: visits[0], do: 'offer' }])
		expect(counts).to.include({ unreachable: 1, offered: 0 })
		expect(shown[0]).to.include({ status: 'unreachable', phone: '+49 30 1234567' })
		expect((await accept(shown[0]!.offerId!, desk)).status).to.equal(200)
	})

	it('is undone for what has not been answered', async () => {
		const rebooking = await add([
			{ appointmentId: visits[0], do: 'offer' },
			{ appointmentId: visits[1], do: 'offer' },
		])
		await accept((await openOfferFor(patients[0]!)).id, patients[0]!)
		const undone = await call<Rebooking>(node, 'POST', `/rebookings/${rebooking.id}/undo`, { token: desk.token })
		expect(undone.body.counts).to.include({ accepted: 1, offered: 0 })
		expect((await offersFor(patients[1]!))[0]!.status).to.equal('withdrawn')
		expect((await slot(later[1]!)).state).to.equal('free')
		const { is_blocked: isBlocked } = await node.db('appointment_slots').where({ appointment_id: visits[1] }).first('is_blocked')
		expect(isBlocked).to.equal(false)
		const reminders = await node.db('notification_queue').where({ appointment_id: visits[1], kind: 'reminder', status: 'due' })
		expect(reminders).not.to.deep.equal([])
		expect((await call(node, 'POST', `/rebookings/${rebooking.id}/undo`, { token: desk.token })).body.code).to.equal('wrong_status')
	})

	it('is finished by another node when the first one dies after its commit', async () => {
		const rebooking = await add([{ appointmentId: visits[3], do: 'keep' }])
		// As the transaction leaves it.
		await node
			.db('rebooking_visits')
			.where({ rebooking_id: rebooking.id, appointment_id: visits[0] })
			.update({ plan: 'offer', slot_id: later[0], is_done: false })
		await node
			.db('rebookings')
			.where({ id: rebooking.id })
			.update({ created_at: new Date(Date.now() - 10_000) })
		await openOfferFor(patients[0]!)
		expect((await board(rebooking.id)).counts).to.include({ offered: 1 })
	})
})
