import { expect } from 'chai'
import { instantOf, wallTime } from '../../client/doctor/wall-time.ts'
import { aRange, faultsOf, type HoursDraft, toDraft, toInput } from '../../client/doctor/weekly-hours.ts'
import { ScheduleInput } from '../../contract/index.ts'

describe('weekly hours in the form', () => {
	const schedule = {
		doctorId: '1',
		timeZone: 'Europe/Berlin',
		slotMinutes: 30,
		weekly: [
			{ weekday: 1, start: '08:00', end: '12:00' },
			{ weekday: 1, start: '13:00', end: '24:00' },
		],
		validFrom: '2026-01-01',
		validUntil: null,
	}
	const draftOf = (ranges: [string, string][], rest: Partial<HoursDraft> = {}): HoursDraft => ({
		...toDraft({ ...schedule, weekly: [] }),
		days: { 2: ranges.map(([from, to]) => aRange(from, to)) },
		...rest,
	})
	const faultsIn = (ranges: [string, string][]) => Object.values(faultsOf(draftOf(ranges))?.ranges ?? {})

	it('are read from a schedule and written back unchanged, midnight included', () => {
		const { doctorId: _, ...input } = schedule
		expect(toInput(toDraft(schedule))).to.deep.equal(input)
		expect(ScheduleInput.safeParse(toInput(toDraft(schedule))).success).to.equal(true)
	})

	it('show a fault exactly where the server would refuse them', () => {
		expect(faultsIn([['09:00', '12:00']])).to.deep.equal([])
		expect(faultsIn([['22:00', '00:00']])).to.deep.equal([])
		expect(faultsIn([['', '12:00']])).to.deep.equal(['incomplete'])
		expect(faultsIn([['12:00', '09:00']])).to.deep.equal(['backwards'])
		expect(faultsIn([['12:00', '12:15']])).to.deep.equal(['tooShort'])
		expect(
			faultsIn([
				['09:00', '12:00'],
				['11:00', '13:00'],
			]),
		).to.deep.equal(['overlap', 'overlap'])
		for (const slotMinutes of ['', 4, 481, 7.5] as const) expect(faultsOf(draftOf([], { slotMinutes }))).to.include({ slotMinutes: true })
		expect(faultsOf(draftOf([], { validFrom: '2026-02-01', validUntil: '2026-01-01' }))).to.include({ validUntil: true })
	})
})

describe('a time on the doctor’s clock', () => {
	it('becomes the right instant before and after a change of clocks', () => {
		expect(instantOf('2026-03-28 09:00:00', 'Europe/Berlin')).to.equal('2026-03-28T08:00:00.000Z')
		expect(instantOf('2026-03-29 09:00:00', 'Europe/Berlin')).to.equal('2026-03-29T07:00:00.000Z')
		expect(instantOf('2026-10-25 09:00:00', 'Europe/Berlin')).to.equal('2026-10-25T08:00:00.000Z')
		expect(instantOf('2026-11-01 00:30:00', 'America/New_York')).to.equal('2026-11-01T04:30:00.000Z')
		expect(instantOf('2026-06-01 00:00:00', 'Pacific/Chatham')).to.equal('2026-05-31T11:15:00.000Z')
	})

	it('converts to an instant and back in every hour of a year, except those that spring skips', () => {
		for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC']) {
			let moved = 0
			for (let hour = 0; hour < 8760; hour++) {
				const wall = new Date(Date.UTC(2026, 0, 1, hour)).toISOString().slice(0, 19).replace('T', ' ')
				if (wallTime(instantOf(wall, zone), zone) !== wall) moved++
			}
			expect(moved, zone).to.be.at.most(1)
		}
	})

	it('moves an hour later when spring skips it', () => {
		expect(instantOf('2026-03-29 02:30:00', 'Europe/Berlin')).to.equal('2026-03-29T01:30:00.000Z')
	})
})
