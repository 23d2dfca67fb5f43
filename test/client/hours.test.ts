import { expect } from 'chai'
import { instantOf, wallTime } from '../../client/doctor/wall-time.ts'
import { alikeDays, aRange, copied, faultsOf, type PlanDraft, toDraft, toInput } from '../../client/hours/weekly-hours.ts'
import { plansInYear, type YearFacts, yearDays } from '../../client/hours/year-days.ts'
import { type Plan, PlanInput } from '../../contract/index.ts'

describe('weekly hours in the form', () => {
	const plan = {
		siteId: '1',
		slotMinutes: 30,
		weekly: [
			{ weekday: 1, start: '08:00', end: '12:00' },
			{ weekday: 1, start: '13:00', end: '24:00' },
		],
		validFrom: '2026-01-01',
	}
	const draftOf = (ranges: [string, string][], rest: Partial<PlanDraft> = {}): PlanDraft => ({
		...toDraft({ ...plan, weekly: [] }),
		days: { 2: ranges.map(([from, to]) => aRange(from, to)) },
		...rest,
	})
	const faultsIn = (ranges: [string, string][]) => Object.values(faultsOf(draftOf(ranges))?.ranges ?? {})

	it('are read from a plan and written back unchanged, midnight and open ends included', () => {
		for (const each of [plan, { ...plan, validUntil: '2026-03-01' }, { ...plan, validFrom: '1900-01-01' }]) {
			expect(toInput(toDraft(each))).to.deep.equal({ validUntil: null, ...each })
			expect(PlanInput.safeParse(toInput(toDraft(each))).success).to.equal(true)
		}
		expect(toDraft({ ...plan, validFrom: '1900-01-01' })).to.include({ validFrom: '', validUntil: '' })
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

	it('are copied to other days in place of theirs, and days that are alike are told together', () => {
		const { days } = draftOf([['09:00', '12:00']])
		const { weekly } = toInput(draftOf([], { days: copied({ ...days, 4: [aRange('20:00', '21:00')] }, 2, [3, 4, 7]) }))
		expect(weekly.map(({ weekday, start }) => [weekday, start])).to.deep.equal([2, 3, 4, 7].map(weekday => [weekday, '09:00']))
		const ranges = [{ start: '09:00', end: '12:00' }]
		expect(alikeDays(weekly)).to.deep.equal([
			{ first: 2, last: 4, ranges },
			{ first: 7, last: 7, ranges },
		])
	})
})

describe('a year of hours', () => {
	const aPlan = (siteId: string, validFrom: string, rest: Partial<Plan> = {}): Plan => ({
		id: `${siteId} ${validFrom}`,
		siteId,
		slotMinutes: 30,
		weekly: [1, 2, 3, 4, 5].map(weekday => ({ weekday, start: '09:00', end: '12:00' })),
		validFrom,
		...rest,
	})
	const zones: Record<string, string> = { berlin: 'Europe/Berlin', york: 'America/New_York' }
	const factsOf = (facts: Partial<YearFacts>): YearFacts => ({
		plans: [aPlan('berlin', '1900-01-01', { validUntil: '2027-05-31' }), aPlan('york', '2027-06-01')],
		dated: [],
		closures: [],
		timeOff: [],
		zoneOf: siteId => zones[siteId ?? ''] ?? 'UTC',
		...facts,
	})
	const dayIn = (date: string, facts: Partial<YearFacts> = {}) => yearDays(2027, factsOf(facts)).find(day => day.date === date)
	const at = (siteId: string, start = '09:00', end = '12:00') => ({ start, end, siteId })

	it('has every day, with the plan that is in force then and its site', () => {
		expect([yearDays(2027, factsOf({})).length, yearDays(2028, factsOf({})).length]).to.deep.equal([365, 366])
		expect(dayIn('2027-05-31')).to.deep.include({ state: 'open', ranges: [at('berlin')] })
		expect(dayIn('2027-06-01')).to.deep.include({ state: 'open', ranges: [at('york')] })
		expect(dayIn('2027-06-05')).to.deep.include({ state: 'none', ranges: [] })
		expect(dayIn('2027-03-01', { plans: [] })).to.deep.include({ state: 'none', plan: undefined })
	})

	it('shows single days, which are at the plan’s site unless they name another', () => {
		const dated = [
			{
				date: '2027-06-05',
				ranges: [
					{ start: '14:00', end: '16:00', siteId: 'berlin' },
					{ start: '10:00', end: '11:00' },
				],
			},
			{ date: '2027-06-07', ranges: [] },
		]
		const ranges = [at('york', '10:00', '11:00'), at('berlin', '14:00', '16:00')]
		expect(dayIn('2027-06-05', { dated })).to.deep.include({ state: 'different', ranges })
		expect(dayIn('2027-06-07', { dated })).to.deep.include({ state: 'off', ranges: [], isDated: true })
	})

	it('closes what a closure concerns, and no other site', () => {
		const closures = [
			{ id: '1', siteId: 'berlin', from: '2027-05-31', to: '2027-06-01', name: 'Painters' },
			{ id: '2', from: '2027-12-25', to: '2027-12-26', name: 'Christmas' },
		]
		expect(dayIn('2027-05-31', { closures })).to.deep.include({ state: 'closed', ranges: [], hours: [at('berlin')] })
		expect(dayIn('2027-06-01', { closures })).to.deep.include({ state: 'open', closures: [] })
		expect(dayIn('2027-12-25', { closures })).to.include({ state: 'closed' })
		const dated = [{ date: '2027-05-31', ranges: [at('berlin'), at('york', '13:00', '14:00')] }]
		expect(dayIn('2027-05-31', { closures, dated })).to.deep.include({ state: 'different', ranges: [at('york', '13:00', '14:00')] })
	})

	it('tells time off that takes all hours from time off that takes some, in the zone of the site', () => {
		const off = (startsAt: string, endsAt: string) => ({ timeOff: [{ id: '1', doctorId: '1', startsAt, endsAt }] })
		const day = off('2027-06-01T00:00:00-04:00', '2027-06-01T23:59:00-04:00')
		expect([dayIn('2027-05-31', day)?.state, dayIn('2027-06-01', day)?.state, dayIn('2027-06-02', day)?.state]).to.deep.equal([
			'open',
			'away',
			'open',
		])
		expect(dayIn('2027-06-01', off('2027-06-01T11:00:00-04:00', '2027-06-01T12:30:00-04:00'))).to.include({
			state: 'open',
			isPartlyAway: true,
		})
		expect(dayIn('2027-06-01', off('2027-06-01T12:00:00-04:00', '2027-06-01T18:00:00-04:00'))).to.include({
			state: 'open',
			isPartlyAway: false,
		})
		const weekend = off('2027-06-05T00:00:00-04:00', '2027-06-06T23:59:00-04:00')
		expect([dayIn('2027-06-04', weekend)?.state, dayIn('2027-06-05', weekend)?.state]).to.deep.equal(['open', 'away'])
	})

	it('gives each site a letter, and a number to each of its plans where it has several', () => {
		const plans = [
			aPlan('berlin', '2025-01-01', { validUntil: '2026-12-31' }),
			aPlan('york', '2027-01-01', { validUntil: '2027-02-28' }),
			aPlan('berlin', '2027-03-01', { validUntil: '2027-04-30' }),
			aPlan('berlin', '2027-05-01'),
		]
		expect(plansInYear(2027, plans).map(({ mark }) => mark)).to.deep.equal(['B', 'A1', 'A2'])
		expect(plansInYear(2026, plans).map(({ mark }) => mark)).to.deep.equal(['A'])
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
