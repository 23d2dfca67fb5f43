import { expect } from 'chai'
import type { Db } from '../../server/platform/database/database.ts'
import { useDatabase } from '../support/servers.ts'
import { anAppointment, aScheduledDoctor, everyDay, generate, overlapsIn, setSchedule, slotsOf } from './support.ts'

describe('slot generation at the same time as', () => {
	const stores = useDatabase()

	it('another generation creates every slot once', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { weekly: everyDay('00:00', '24:00') })
		const results = await Promise.all(Array.from({ length: 6 }, () => generate(stores.db, doctorId, { days: 20 })))
		const slots = await slotsOf(stores.db, doctorId)
		expect(results.reduce((sum, { created }) => sum + created, 0)).to.equal(slots.length)
		expect(overlapsIn(slots)).to.deep.equal([])
	})

	it('bookings makes none fail and loses none', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { weekly: everyDay('00:00', '24:00') })
		await generate(stores.db, doctorId, { days: 3 })
		const booked: string[] = []
		let done = false

		async function book(worker: number) {
			for (let i = 0; !done; i++) {
				const free = (await slotsOf(stores.db, doctorId)).filter(slot => slot.appointment_id === null && slot.starts_at > new Date())
				const slot = free[(i * 31 + worker * 17) % free.length]
				const appointmentId = slot && (await tryToBook(stores.db, doctorId, slot))
				if (appointmentId) booked.push(appointmentId)
			}
		}

		async function reschedule() {
			for (const slotMinutes of [45, 20, 60, 15, 30, 25]) {
				await setSchedule(stores.db, doctorId, { timeZone: '', slotMinutes, weekly: everyDay('00:00', '24:00') })
				await Promise.all([generate(stores.db, doctorId, { days: 3 }), generate(stores.db, doctorId, { days: 2 })])
			}
			done = true
		}

		await Promise.all([
			book(0),
			book(1),
			book(2),
			reschedule().finally(() => {
				done = true
			}),
		])

		const slots = await slotsOf(stores.db, doctorId)
		expect(booked).to.have.length.above(0)
		expect(slots.map(slot => slot.appointment_id).filter(id => id !== null)).to.have.members(booked)
		expect(overlapsIn(slots)).to.deep.equal([])
	})

	it('an uncommitted booking skips its slot without waiting', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 60, weekly: everyDay('09:00', '12:00') })
		await generate(stores.db, doctorId, { days: 2 })
		const slot = (await slotsOf(stores.db, doctorId)).at(-1)!
		await setSchedule(stores.db, doctorId, { timeZone: '', slotMinutes: 40, weekly: everyDay('09:00', '12:00') })
		const appointmentId = await stores.db.transaction(async trx => {
			const id = await anAppointment(trx, { doctorId, startsAt: slot.starts_at, endsAt: slot.ends_at })
			await generate(stores.db, doctorId, { days: 2 })
			return id
		})
		const slots = await slotsOf(stores.db, doctorId)
		expect(slots.filter(each => each.appointment_id === appointmentId)).to.have.length(1)
		expect(overlapsIn(slots)).to.deep.equal([])
	})
})

/** Books as the mailbox does: only a slot that still exists and is free. */
function tryToBook(db: Db, doctorId: string, slot: { starts_at: Date; ends_at: Date }): Promise<string | undefined> {
	return db.transaction(async trx => {
		const [taken] = await trx('appointment_slots')
			.where({ doctor_id: doctorId, starts_at: slot.starts_at, ends_at: slot.ends_at, appointment_id: null })
			.forUpdate()
			.select('starts_at')
		if (!taken) return undefined
		return await anAppointment(trx, { doctorId, startsAt: slot.starts_at, endsAt: slot.ends_at })
	})
}
