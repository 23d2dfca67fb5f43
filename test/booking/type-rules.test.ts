import { expect } from 'chai'
import type { AvailableDay } from '../../contract/index.ts'
import { aType, hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aSocket, closeSockets, ok } from '../support/watcher.ts'
import { book, codeOf, done, expectConsistent, hold, reschedule, somePatients } from './desk.ts'

describe('the rules of a type', () => {
	const node = useNode()
	let [doctor, other, patient, desk] = [] as unknown as [Person, Person, Person, Person]
	let slots: string[]
	let type: string

	before(async () => {
		desk = await aReceptionist(node)
	})
	beforeEach(async () => {
		doctor = await aDoctor(node)
		other = await aDoctor(node)
		patient = await aPatient(node)
		slots = await someSlots(node, doctor.id, { count: 8, minutes: 15, from: hoursAhead(50) })
		type = await aType(node, 15)
	})
	afterEach(async () => {
		closeSockets()
		await expectConsistent(node)
	})

	const slot = (index: number) => slots[index] as string
	// A node remembers types for a moment.
	const rule = async (changes: Record<string, unknown>) => {
		await node.db('appointment_types').where({ id: type }).update(changes)
		await new Promise(resolve => setTimeout(resolve, 1100))
	}
	const answers = async (by: Person, index = 0) => {
		const options = { typeId: type, ...(by === desk && { patientId: patient.id }) }
		return [codeOf(await hold(node, by, slot(index), type)), codeOf(await book(node, by, slot(index), options))]
	}
	const dayOf = (id: string) => new Date(Number(id.split('-')[1]) * 60_000).toISOString().slice(0, 10)
	const availability = async (by: Person, query = '') => {
		const day = dayOf(slot(0))
		const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
		const path = `/availability?typeId=${type}&from=${day}&to=${next}&doctorIds=${doctor.id},${other.id}${query}`
		return done<{ days: AvailableDay[] }>(await call(node, 'GET', path, { token: by.token })).days.flatMap(({ times }) => times)
	}

	it('refuse a patient’s booking within the minimum notice, and list no such time; staff book it', async () => {
		await rule({ min_notice_minutes: 60 * 60 })
		expect(await answers(patient)).to.deep.equal(['too_soon', 'too_soon'])
		expect(await availability(patient)).to.deep.equal([])
		expect(await answers(desk)).to.deep.equal(['ok', 'ok'])
	})

	it('refuse a booking beyond the horizon, for staff too', async () => {
		await rule({ max_days_ahead: 1 })
		expect(await answers(patient)).to.deep.equal(['too_far', 'too_far'])
		expect(await answers(desk)).to.deep.equal(['too_far', 'too_far'])
		expect(await availability(desk)).to.deep.equal([])
	})

	it('are kept when a visit is moved', async () => {
		const { id } = done(await book(node, patient, slot(0), { typeId: type }))
		await rule({ min_notice_minutes: 60 * 60 })
		expect(codeOf(await reschedule(node, patient, id, slot(1)))).to.equal('too_soon')
		expect(codeOf(await reschedule(node, desk, id, slot(1)))).to.equal('ok')
	})

	it('give the last place of a day to one of fifty', async () => {
		await rule({ daily_limit: 2 })
		done(await book(node, patient, slot(0), { typeId: type }))
		const rivals = await somePatients(node, 50)
		const codes = await Promise.all(rivals.map((rival, index) => book(node, rival, slot(1 + (index % 7)), { typeId: type })))
		const found = codes.map(codeOf)
		expect(found.filter(code => code === 'ok')).to.have.length(1)
		for (const code of found) expect(code).to.be.oneOf(['ok', 'daily_limit', 'slot_booked'])
		expect(await availability(patient)).to.deep.equal([])
		// A visit that stays on its day needs no other place.
		const [mine] = await node.db('appointments').where({ patient_id: patient.id })
		const free = (await node.db('appointment_slots').where({ doctor_id: doctor.id, appointment_id: null }).orderBy('starts_at'))[0]
		const freeId = `${doctor.id}-${free.starts_at.getTime() / 60_000}`
		expect(codeOf(await reschedule(node, patient, mine.id, freeId))).to.equal('ok')
	})

	it('refuse a doctor who does not offer the type, and take the doctor’s own minutes', async () => {
		await node.db('doctor_types').insert({ type_id: type, doctor_id: doctor.id, minutes: 30 })
		await rule({ by_all_doctors: false })
		const [there] = await someSlots(node, other.id, { count: 1, minutes: 15, from: hoursAhead(50) })
		expect(codeOf(await book(node, patient, there as string, { typeId: type }))).to.equal('type_not_offered')
		expect(codeOf(await hold(node, patient, there as string, type))).to.equal('type_not_offered')
		expect(done(await book(node, patient, slot(0), { typeId: type })).slotIds).to.deep.equal([slot(0), slot(1)])
		for (const time of await availability(patient)) {
			expect(time.doctorIds).to.deep.equal([doctor.id])
			expect(Date.parse(time.endsAt) - Date.parse(time.startsAt)).to.equal(30 * 60_000)
		}
	})

	it('keep what is for the desk only from patients', async () => {
		await rule({ visibility: 'staff' })
		expect(await answers(patient)).to.deep.equal(['type_not_offered', 'type_not_offered'])
		expect(await availability(patient)).to.deep.equal([])
		expect(await answers(desk)).to.deep.equal(['ok', 'ok'])
	})

	describe('at any doctor', () => {
		beforeEach(async () => {
			await someSlots(node, other.id, { count: 8, minutes: 15, from: hoursAhead(50) })
		})
		const startOf = (id: string) => new Date(Number(id.split('-')[1]) * 60_000).toISOString()
		const holdAny = (by: Person, startsAt = startOf(slot(0))) =>
			call(node, 'POST', '/holds', { token: by.token, body: { typeId: type, startsAt, anyOf: { doctorIds: [doctor.id, other.id] } } })

		it('list each time once with the doctors who have it, and every listed time can be held', async () => {
			done(await book(node, desk, slot(0), { typeId: type, patientId: patient.id }))
			const times = await availability(patient)
			expect(times).to.have.length(8)
			expect(times[0]?.doctorIds).to.deep.equal([other.id])
			expect([...(times[1]?.doctorIds ?? [])].sort()).to.deep.equal([doctor.id, other.id].sort())
			for (const time of times) {
				const held = done<{ slotId: string; doctorId: string }>(await holdAny(desk, time.startsAt))
				expect(time.doctorIds).to.include(held.doctorId)
			}
		})

		it('choose the doctor with the fewest visits that day, and refuse only when no doctor is left', async () => {
			done(await book(node, desk, slot(3), { typeId: type, patientId: patient.id }))
			const rivals = await somePatients(node, 3)
			const first = done<{ doctorId: string }>(await holdAny(rivals[0] as Person))
			expect(first.doctorId).to.equal(other.id)
			expect(done<{ doctorId: string }>(await holdAny(rivals[1] as Person)).doctorId).to.equal(doctor.id)
			expect(codeOf(await holdAny(rivals[2] as Person))).to.be.oneOf(['slot_held', 'slot_booked'])
		})

		it('hold over a socket, too', async () => {
			const socket = await aSocket(node, patient.token)
			const { hold: held } = ok(
				await socket.emitWithAck('slot:hold-any', { typeId: type, startsAt: startOf(slot(2)), anyOf: { doctorIds: [doctor.id] } }),
			)
			expect(held.slotIds).to.deep.equal([slot(2)])
		})
	})
})
