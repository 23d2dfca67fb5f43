import { expect } from 'chai'
import { DateTime } from 'luxon'
import { inTransaction } from '../../server/platform/database/database.ts'
import { findConflicts } from '../../server/schedule/generate.ts'
import { useDatabase } from '../support/servers.ts'
import { anAppointment, aScheduledDoctor, bookSlot, everyDay, generate, overlapsIn, setSchedule, slotsOf, spans } from './support.ts'

const berlin = (text: string) => DateTime.fromISO(text, { zone: 'Europe/Berlin' }).toJSDate()
const noon = berlin('2026-12-01T12:00')

describe('slot generation', () => {
	const stores = useDatabase()

	const wallClocks = async (doctorId: string, zone = 'Europe/Berlin') =>
		(await slotsOf(stores.db, doctorId)).map(({ starts_at }) => DateTime.fromJSDate(starts_at, { zone }).toFormat('MM-dd HH:mm'))

	it('creates slots from now through the last requested day', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 60, weekly: everyDay('11:00', '14:00') })
		expect(await generate(stores.db, doctorId, { now: noon, days: 1 })).to.include({ created: 4, removed: 0, kept: 0 })
		expect(await wallClocks(doctorId)).to.deep.equal(['12-01 13:00', '12-02 11:00', '12-02 12:00', '12-02 13:00'])
	})

	it('lets a day end at 24:00, and leaves out a last slot that does not fit', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 45, weekly: everyDay('22:00', '24:00') })
		await generate(stores.db, doctorId, { now: noon, days: 0 })
		expect(await wallClocks(doctorId)).to.deep.equal(['12-01 22:00', '12-01 22:45'])
	})

	it('skips the hour that clocks skip in spring, and uses the hour that they repeat in autumn once', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 30, weekly: everyDay('01:00', '04:00') })
		await generate(stores.db, doctorId, { now: berlin('2026-03-28T12:00'), days: 1 })
		expect(await wallClocks(doctorId)).to.deep.equal(['03-29 01:00', '03-29 01:30', '03-29 03:00', '03-29 03:30'])

		const inAutumn = await aScheduledDoctor(stores.db, { slotMinutes: 30, weekly: everyDay('01:00', '04:00') })
		await generate(stores.db, inAutumn, { now: berlin('2026-10-24T12:00'), days: 1 })
		expect(await wallClocks(inAutumn)).to.deep.equal(['01:00', '01:30', '02:00', '02:30', '03:00', '03:30'].map(time => `10-25 ${time}`))
	})

	it('leaves out the slot that Lord Howe’s half-hour change would push into the next one', async () => {
		const zone = 'Australia/Lord_Howe'
		const doctorId = await aScheduledDoctor(stores.db, { timeZone: zone, slotMinutes: 60, weekly: everyDay('00:30', '04:30') })
		await generate(stores.db, doctorId, { now: DateTime.fromISO('2026-10-03T12:00', { zone }).toJSDate(), days: 1 })
		expect(await wallClocks(doctorId, zone)).to.deep.equal(['10-04 00:30', '10-04 02:30', '10-04 03:30'])
	})

	it('does not run into the next day where clocks go forward late in the evening', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { timeZone: 'America/Nuuk', slotMinutes: 90, weekly: everyDay('00:00', '24:00') })
		await generate(stores.db, doctorId, { now: new Date('2026-03-20T00:00:00Z'), days: 20 })
		expect(overlapsIn(await slotsOf(stores.db, doctorId))).to.deep.equal([])
		const upToTheChange = await aScheduledDoctor(stores.db, {
			timeZone: 'America/Nuuk',
			slotMinutes: 90,
			weekly: everyDay('00:00', '24:00'),
		})
		await generate(stores.db, upToTheChange, { now: new Date('2026-03-20T00:00:00Z'), days: 8 })
		await generate(stores.db, upToTheChange, { now: new Date('2026-03-20T00:00:00Z'), days: 20 })
		expect(spans(await slotsOf(stores.db, upToTheChange))).to.deep.equal(spans(await slotsOf(stores.db, doctorId)))
	})

	it('creates no slot before the first or after the last day of a schedule', async () => {
		const weekly = everyDay('09:00', '10:00')
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 60, weekly, validFrom: '2026-12-03', validUntil: '2026-12-04' })
		await generate(stores.db, doctorId, { now: noon, days: 10 })
		expect(await wallClocks(doctorId)).to.deep.equal(['12-03 09:00', '12-04 09:00'])
	})

	it('changes nothing in a second run', async () => {
		const doctorId = await aScheduledDoctor(stores.db)
		const { created } = await generate(stores.db, doctorId)
		const before = await slotsOf(stores.db, doctorId)
		expect(await generate(stores.db, doctorId)).to.include({ created: 0, removed: 0, kept: created })
		expect(await slotsOf(stores.db, doctorId)).to.deep.equal(before)
	})

	it('keeps slots beyond a nearer horizon, except those that no longer fit', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 60, weekly: everyDay('09:00', '12:00') })
		await generate(stores.db, doctorId, { now: noon, days: 10 })
		expect(await generate(stores.db, doctorId, { now: noon, days: 2 })).to.include({ created: 0, removed: 0, kept: 6 })
		await setSchedule(stores.db, doctorId, { timeZone: '', slotMinutes: 60, weekly: everyDay('10:00', '12:00') })
		expect(await generate(stores.db, doctorId, { now: noon, days: 2 })).to.include({ created: 0, removed: 10, kept: 4 })
		expect(await slotsOf(stores.db, doctorId)).to.have.length(20)
	})

	it('replaces free slots of another length, and keeps booked ones', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 30, weekly: everyDay('09:00', '11:00') })
		await generate(stores.db, doctorId, { now: noon, days: 1 })
		const [, second] = await slotsOf(stores.db, doctorId)
		const appointmentId = await bookSlot(stores.db, doctorId, second!)
		await setSchedule(stores.db, doctorId, { timeZone: '', slotMinutes: 40, weekly: everyDay('09:00', '11:00') })
		expect(await generate(stores.db, doctorId, { now: noon, days: 1 })).to.include({ created: 1, removed: 3, kept: 1 })
		expect(await wallClocks(doctorId)).to.deep.equal(['12-02 09:30', '12-02 10:20'])
		expect((await slotsOf(stores.db, doctorId))[0]!.appointment_id).to.equal(appointmentId)
	})

	it('keeps slots that have begun, and creates none that overlaps them', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 60, weekly: everyDay('12:00', '14:00') })
		await generate(stores.db, doctorId, { now: berlin('2026-12-01T08:00'), days: 0 })
		await setSchedule(stores.db, doctorId, { timeZone: '', slotMinutes: 15, weekly: everyDay('12:00', '13:30') })
		await generate(stores.db, doctorId, { now: berlin('2026-12-01T12:10'), days: 0 })
		expect(await wallClocks(doctorId)).to.deep.equal(['12-01 12:00', '12-01 13:00', '12-01 13:15'])
	})

	it('creates slots within time off as blocked', async () => {
		const doctorId = await aScheduledDoctor(stores.db, { slotMinutes: 60, weekly: everyDay('09:00', '13:00') })
		const [starts_at, ends_at] = [berlin('2026-12-02T10:30'), berlin('2026-12-02T12:00')]
		await stores.db('time_off').insert({ doctor_id: doctorId, starts_at, ends_at })
		await generate(stores.db, doctorId, { now: noon, days: 1 })
		expect((await slotsOf(stores.db, doctorId)).map(slot => slot.is_blocked)).to.deep.equal([false, true, true, false])
	})

	it('removes every free slot when a schedule has no hours, and none when a doctor has no schedule', async () => {
		const doctorId = await aScheduledDoctor(stores.db)
		const { created } = await generate(stores.db, doctorId)
		await stores.db('schedule_plans').where('doctor_id', doctorId).delete()
		expect(await generate(stores.db, doctorId)).to.include({ created: 0, removed: 0, kept: created })
		await setSchedule(stores.db, doctorId, { timeZone: '', slotMinutes: 30, weekly: [] })
		expect(await generate(stores.db, doctorId)).to.include({ created: 0, removed: created, kept: 0 })
	})

	it('reports appointments outside the hours, by start', async () => {
		const weekly = [...everyDay('09:00', '12:00'), ...everyDay('12:00', '14:00')]
		const doctorId = await aScheduledDoctor(stores.db, { weekly, validUntil: '2026-12-05' })

		function on(day: string, from: string, to: string, status?: string) {
			return anAppointment(stores.db, {
				doctorId,
				startsAt: berlin(`2026-12-${day}T${from}`),
				endsAt: berlin(`2026-12-${day}T${to}`),
				...(status && { status }),
			})
		}

		await on('02', '09:10', '09:50')
		await on('02', '11:45', '12:15')
		await on('02', '15:00', '15:30', 'cancelled')
		await on('01', '08:00', '08:30')
		const afterwards = await on('06', '09:00', '09:30')
		const late = await on('03', '13:45', '14:15', 'checked_in')
		const found = await inTransaction(stores.db, trx => findConflicts(trx, [doctorId], { now: noon }))
		expect(found).to.deep.equal([late, afterwards])
	})
})
