import { expect } from 'chai'
import { createDatabase, type Db, violatedConstraint } from '../../server/platform/database/database.ts'
import { useDatabase } from '../support/servers.ts'
import { aClinic, anAppointment, type Clinic } from './clinic.ts'

const activeStatuses = ['booked', 'checked_in', 'in_progress', 'completed']
const inactiveStatuses = ['cancelled', 'no_show']
const connections = 30

/** Inserts an appointment. Returns the constraint that refused it, or "won". A deadlock of two inserts also refuses one. */
const outcomeOf = async (work: PromiseLike<unknown>): Promise<string> => {
	try {
		await work
		return 'won'
	} catch (error) {
		if ((error as { code?: string }).code === '40P01') return 'deadlock'
		const constraint = violatedConstraint(error)
		if (!constraint) throw error
		return constraint
	}
}

const won = (outcomes: string[]) => outcomes.filter(outcome => outcome === 'won').length

describe('the schema, under many connections at once', () => {
	const database = useDatabase()
	let crowd: Db
	let clinic: Clinic
	before(() => {
		crowd = createDatabase({ url: database.url, poolSize: connections })
	})
	after(() => crowd.destroy())
	beforeEach(async () => {
		clinic = await aClinic(database.db, { doctors: connections, patients: connections })
	})

	const insert = (overrides: Parameters<typeof anAppointment>[1]) =>
		outcomeOf(crowd('appointments').insert(anAppointment(clinic, overrides)))

	/** Opens every connection before any of them inserts. */
	const race = async (overridesOf: (i: number) => Parameters<typeof anAppointment>[1]): Promise<string[]> => {
		await Promise.all(Array.from({ length: connections }, () => crowd.raw('SELECT pg_sleep(0.05)')))
		return await Promise.all(Array.from({ length: connections }, (_, i) => insert(overridesOf(i))))
	}

	const overlapping = (i: number) => ({ fromMinute: i % 20, toMinute: 30 + (i % 20) })

	/** PostgreSQL reports a deadlock to inserts that wait for each other's rows. Either way nothing is inserted. */
	const expectTurnedAway = (outcomes: string[], constraint: string) =>
		expect(['won', 'deadlock', constraint]).to.include.members([...new Set(outcomes)])

	for (const status of activeStatuses) {
		it(`gives one doctor’s time to exactly one of many patients (${status})`, async () => {
			const outcomes = await race(i => ({ ...overlapping(i), status, patient_id: clinic.patientIds[i]! }))
			expect(won(outcomes)).to.equal(1)
			expectTurnedAway(outcomes, 'appointments_doctor_overlap')
		})

		it(`gives one patient’s time to exactly one of many doctors (${status})`, async () => {
			const outcomes = await race(i => ({ ...overlapping(i), status, doctor_id: clinic.doctorIds[i]! }))
			expect(won(outcomes)).to.equal(1)
			expectTurnedAway(outcomes, 'appointments_patient_overlap')
		})

		it(`does not let two statuses share a time (${status} first)`, async () => {
			expect(await insert({ status })).to.equal('won')
			for (const other of activeStatuses) {
				expect(await insert({ status: other, patient_id: clinic.patientIds[1]! })).to.equal('appointments_doctor_overlap')
				expect(await insert({ status: other, doctor_id: clinic.doctorIds[1]! })).to.equal('appointments_patient_overlap')
			}
		})
	}

	for (const status of inactiveStatuses) {
		it(`ignores a visit that did not take place (${status})`, async () => {
			expect(await insert({})).to.equal('won')
			const outcomes = await race(() => ({ status }))
			expect(won(outcomes)).to.equal(connections)
		})

		it(`refuses to restore a visit (${status}) once its time is taken`, async () => {
			await insert({ status })
			await insert({ patient_id: clinic.patientIds[1]! })
			const revived = await outcomeOf(
				database.db('appointments').where({ status, patient_id: clinic.patientIds[0]! }).update({ status: 'booked' }),
			)
			expect(revived).to.equal('appointments_doctor_overlap')
		})
	}

	it('lets visits follow one another without a gap', async () => {
		const outcomes = await race(i => ({ fromMinute: i * 30, toMinute: i * 30 + 30 }))
		expect(won(outcomes)).to.equal(connections)
	})

	it('refuses to move a visit onto another, however many move at once', async () => {
		for (let i = 0; i < 10; i++) await insert({ fromMinute: i * 30, toMinute: i * 30 + 30, idempotency_key: `move-${i}` })
		const target = anAppointment(clinic, { fromMinute: 600, toMinute: 630 })
		const moves = Array.from({ length: 10 }, (_, i) =>
			outcomeOf(
				crowd('appointments')
					.where({ booked_by: clinic.bookedBy, idempotency_key: `move-${i}` })
					.update({ starts_at: target.starts_at, ends_at: target.ends_at }),
			),
		)
		expect(won(await Promise.all(moves))).to.equal(1)
	})

	it('accepts an idempotency key once from one person, and again from another', async () => {
		const outcomes = await race(i => ({ fromMinute: i * 30, toMinute: i * 30 + 30, idempotency_key: 'the same' }))
		expect(won(outcomes)).to.equal(1)
		expect(outcomes.filter(outcome => outcome === 'appointments_idempotency')).to.have.lengthOf(connections - 1)
		const elsewhere = await aClinic(database.db)
		const byAnother = anAppointment(elsewhere, { idempotency_key: 'the same' })
		expect(await outcomeOf(crowd('appointments').insert(byAnother))).to.equal('won')
	})

	it('refuses a visit that ends before it begins, and a visit of an unknown status', async () => {
		expect(await insert({ fromMinute: 30, toMinute: 30 })).to.match(/^appointments_.*check/)
		expect(await insert({ status: 'maybe' })).to.match(/^appointments_.*check/)
	})

	it('counts a slot as booked exactly while it names an appointment', async () => {
		const [{ id }] = await database.db('appointments').insert(anAppointment(clinic)).returning('id')
		const slot = anAppointment(clinic)
		const where = { doctor_id: slot.doctor_id, starts_at: slot.starts_at }
		await database.db('appointment_slots').insert({ ...where, ends_at: slot.ends_at })
		const isBooked = async () => (await database.db('appointment_slots').where(where).first()).is_booked
		expect(await isBooked()).to.equal(false)
		await database.db('appointment_slots').where(where).update({ appointment_id: id })
		expect(await isBooked()).to.equal(true)
		const again = database.db('appointment_slots').insert({ ...where, ends_at: slot.ends_at })
		expect(await outcomeOf(again)).to.equal('appointment_slots_pkey')
	})

	it('keeps one reminder for each change, channel and lead', async () => {
		const [{ id }] = await database.db('appointments').insert(anAppointment(clinic)).returning('id')
		const reminder = { appointment_id: id, appointment_sequence: 0, channel: 'email', lead_minutes: 5, due_at: new Date() }
		const outcomes = await Promise.all(Array.from({ length: 10 }, () => outcomeOf(crowd('notification_queue').insert(reminder))))
		expect(won(outcomes)).to.equal(1)
		expect(await outcomeOf(crowd('notification_queue').insert({ ...reminder, appointment_sequence: 1 }))).to.equal('won')
	})
})
