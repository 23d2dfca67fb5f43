import { expect } from 'chai'
import { merge } from '../../client/doctor/merge.ts'
import type { Appointment } from '../../contract/index.ts'

const anAppointment = (id: string, sequence: number, rest: Partial<Appointment> = {}): Appointment => ({
	id,
	doctorId: '1',
	patientId: '2',
	typeId: '1',
	slotIds: [],
	kind: 'slot',
	startsAt: '2026-11-23T09:00:00.000Z',
	endsAt: '2026-11-23T09:30:00.000Z',
	status: 'booked',
	bookedBy: '2',
	createdAt: '2026-11-01T09:00:00.000Z',
	updatedAt: '2026-11-01T09:00:00.000Z',
	sequence,
	...rest,
})

describe('a list of appointments with later changes', () => {
	const statuses = (listed: Appointment[], changes: Appointment[]) =>
		merge(listed, new Map(changes.map(each => [each.id, each]))).map(({ id, status }) => `${id} ${status}`)

	it('keeps the newer state of an appointment, from the list or from a change', () => {
		const [old, fresh] = [anAppointment('1', 0), anAppointment('1', 1, { status: 'cancelled' })]
		expect(statuses([old], [fresh])).to.deep.equal(['1 cancelled'])
		expect(statuses([fresh], [old])).to.deep.equal(['1 cancelled'])
	})

	it('adds appointments that were booked later, ordered by start', () => {
		const early = anAppointment('2', 0, { startsAt: '2026-11-23T08:00:00.000Z' })
		expect(statuses([anAppointment('1', 0)], [early])).to.deep.equal(['2 booked', '1 booked'])
	})

	it('keeps fields that only the list has', () => {
		const [merged] = merge([anAppointment('1', 0, { patientName: 'Ada' })], new Map([['1', anAppointment('1', 1)]]))
		expect(merged).to.include({ patientName: 'Ada', sequence: 1 })
	})
})
