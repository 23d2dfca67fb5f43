import { expect } from 'chai'
import { Analytics } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { type ClinicRecords, type DoctorInfo, expectedAnalytics } from './expected.ts'
import { aRandom, fillAtRandom } from './random-clinic.ts'

describe('the figures', () => {
	const node = useNode()
	const seed = Math.floor(Math.random() * 2 ** 31)
	let admin: Person
	let doctors: DoctorInfo[]
	let records: ClinicRecords

	before(async function () {
		this.timeout(60_000)
		admin = await anAdmin(node)
		const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland']
		doctors = await Promise.all(
			zones.map(async (zone, i) => {
				const { id, fullName } = await aDoctor(node, { fullName: `Dr ${'DBCA'[i]}`, timeZone: zone })
				return { id, fullName, zone }
			}),
		)
		// Clocks go forward in New York on the 9th and in Berlin on the 30th of March 2031.
		records = await fillAtRandom({ db: node.db, random: aRandom(seed), doctors, from: '2031-03-05', days: 30 })
	})
	afterEach(function () {
		if (this.currentTest?.state === 'failed') console.error(`      random seed ${seed}`)
	})

	const ask = (query: string, token = admin.token) => call(node, 'GET', `/admin/analytics?${query}`, { token })

	async function figures(query: string): Promise<Analytics> {
		const { status, body } = await ask(query)
		expect(status).to.equal(200)
		return Analytics.parse(body)
	}

	it('equal a plain count, for the whole time and for any part of it', async () => {
		const ranges = [
			['2031-02-20', '2031-04-20'],
			['2031-03-09', '2031-03-09'],
			['2031-03-30', '2031-03-30'],
			['2031-03-08', '2031-03-11'],
			['2031-03-25', '2031-05-01'],
		] as const
		for (const [from, to] of ranges) expectFigures(await figures(`from=${from}&to=${to}`), expectedAnalytics(records, from, to))
	})

	it('are of one doctor when the caller asks for one', async () => {
		for (const doctor of doctors) {
			const expected = expectedAnalytics({ ...records, doctors: [doctor] }, '2031-03-09', '2031-03-30')
			expectFigures(await figures(`from=2031-03-09&to=2031-03-30&doctorId=${doctor.id}`), expected)
		}
	})

	it('add up: days, hours and doctors to the totals', async () => {
		const { totals, byDay, byDoctor, byHour, byType, byChannel, moves } = await figures('from=2031-03-01&to=2031-04-30')
		const sum = <T>(list: T[], figureOf: (each: T) => number) => list.reduce((total, each) => total + figureOf(each), 0)
		expect(totals.appointments).to.be.greaterThan(500)
		expect(sum(byDay, ({ booked }) => booked)).to.equal(totals.booked)
		expect(sum(byDay, ({ cancelled }) => cancelled)).to.equal(totals.cancelled)
		expect(sum(byHour, ({ appointments }) => appointments)).to.equal(totals.booked)
		expect(sum(byType, ({ appointments }) => appointments)).to.equal(totals.appointments)
		expect(sum(byChannel, ({ cancelled }) => cancelled)).to.equal(totals.cancelled)
		expect(sum(byType, type => type.moves)).to.equal(moves.moves)
		expect(sum(byDoctor, ({ slots }) => slots)).to.equal(totals.slots)
		expect(totals.booked + totals.cancelled).to.equal(totals.appointments)
	})

	it('have a row for every day of a year without visits, and null for shares of nothing', async () => {
		const empty = await figures('from=2040-01-01&to=2040-12-31')
		expect(empty.byDay).to.have.lengthOf(366)
		expect(empty.byDay.every(({ booked, cancelled, noShow }) => booked + cancelled + noShow === 0)).to.equal(true)
		expect(empty.byDoctor.map(({ fullName }) => fullName)).to.deep.equal(['Dr A', 'Dr B', 'Dr C', 'Dr D'])
		expect(empty).to.deep.include({ byHour: [], byType: [], byChannel: [], utilisation: null, noShowRate: null, cancellationRate: null })
		expect(empty.leadTime).to.deep.equal({ medianHours: null, p90Hours: null, meanHours: null })
	})

	it('leave out doctors who never practised, and keep one who did before the account was disabled', async () => {
		await aDoctor(node, { fullName: 'Dr Pending', status: 'pending' })
		const [former] = doctors
		await node.db('users').where({ id: former!.id }).update({ status: 'disabled' })
		const names = async (query: string) => (await figures(query)).byDoctor.map(({ fullName }) => fullName)
		const [during, after] = [await names('from=2031-03-10&to=2031-03-12'), await names('from=2040-01-01&to=2040-01-02')]
		await node.db('users').where({ id: former!.id }).update({ status: 'active' })
		expect(during).to.deep.equal(['Dr A', 'Dr B', 'Dr C', 'Dr D'])
		expect(after).to.deep.equal(['Dr A', 'Dr B', 'Dr C'])
	})

	it('cover at most 400 days, and refuse a span that ends before it starts', async () => {
		expect((await ask('from=2031-01-01&to=2032-02-04')).status).to.equal(200)
		const wrong = [
			'from=2031-01-01&to=2032-02-05',
			'from=1900-01-01&to=2199-12-31',
			'from=2031-03-02&to=2031-03-01',
			'from=2031-02-30&to=2031-03-01',
			'from=2031-03-01',
			'to=2031-03-01',
			'from=today&to=tomorrow',
			'',
		]
		for (const query of wrong) {
			const { status, body } = await ask(query)
			expect([status, body.code], query).to.deep.equal([400, 'invalid_input'])
		}
	})

	it('answer not_found for an id that is no doctor’s', async () => {
		const patient = await aPatient(node)
		for (const doctorId of [patient.id, '999999999', 'abc', '-1', '9'.repeat(30), "'"]) {
			const { status, body } = await ask(`from=2031-03-01&to=2031-03-02&doctorId=${doctorId}`)
			expect([status, body.code], doctorId).to.deep.equal([404, 'not_found'])
		}
	})

	it('are for admins only', async () => {
		for (const person of [await aPatient(node), await aDoctor(node), await aReceptionist(node)]) {
			const { status, body } = await ask('from=2031-03-01&to=2031-03-02', person.token)
			expect([status, body.code]).to.deep.equal([403, 'forbidden'])
		}
		const anonymous = await call(node, 'GET', '/admin/analytics?from=2031-03-01&to=2031-03-02')
		expect([anonymous.status, anonymous.body.code]).to.deep.equal([401, 'unauthenticated'])
	})
})

function expectFigures(actual: Analytics, expected: Analytics) {
	const { leadTime, ...counts } = actual
	const { leadTime: expectedLead, ...expectedCounts } = expected
	expect(counts).to.deep.equal(expectedCounts)
	for (const name of ['medianHours', 'p90Hours', 'meanHours'] as const) {
		const hours = expectedLead[name]
		if (hours === null) expect(leadTime[name], name).to.equal(null)
		else expect(leadTime[name], name).to.be.closeTo(hours, 0.001)
	}
}
