import { expect } from 'chai'
import { Holidays } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { anAdmin, aReceptionist, type Person } from '../support/people.ts'

describe('holidays of a country', () => {
	const node = useNode()
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})
	const ask = (query: string, token = admin.token) => call(node, 'GET', `/closures/holidays?${query}`, { token })
	const list = async (query: string) => Holidays.parse((await ask(query)).body)

	it('are named with their dates, in the language that is asked for', async () => {
		const { items, regions } = await list('country=DE&year=2027&language=de')
		expect(items).to.deep.include({ from: '2027-12-25', to: '2027-12-25', name: '1. Weihnachtstag', kind: 'public' })
		expect(items.map(({ from }) => from)).to.deep.equal(items.map(({ from }) => from).toSorted())
		expect(regions).to.deep.include({ code: 'BE', name: 'Berlin' })
		const english = (await list('country=DE&year=2027&language=en')).items.map(({ name }) => name)
		expect(english).to.include('Christmas Day')
	})

	it('are more in a region that has its own', async () => {
		const names = async (query: string) => (await list(query)).items.map(({ name }) => name)
		const whole = await names('country=DE&year=2027')
		const berlin = await names('country=DE&region=BE&year=2027')
		expect(berlin.filter(name => !whole.includes(name))).to.deep.equal(['Internationaler Frauentag'])
		expect(await names('country=DE&region=ZZ&year=2027')).to.deep.equal(whole)
	})

	it('can last several days', async () => {
		const { items } = await list('country=EG&year=2027&language=en')
		const long = items.filter(({ from, to }) => from < to)
		expect(long, JSON.stringify(items)).not.to.deep.equal([])
	})

	it('of a country that is not known are none', async () => {
		expect(await list('country=XX&year=2027')).to.deep.equal({ items: [], regions: [] })
	})

	it('can each be made a closure', async () => {
		for (const { from, to, name } of (await list('country=IN&year=2027&language=en')).items)
			expect((await call(node, 'POST', '/closures', { token: admin.token, body: { from, to, name } })).status, name).to.equal(201)
	})

	it('are for admins, and for years and countries that there are', async () => {
		expect((await ask('country=DE&year=2027', (await aReceptionist(node)).token)).body.code).to.equal('forbidden')
		for (const wrong of [
			'country=de&year=2027',
			'country=DE&year=1800',
			'country=DE&year=x',
			'year=2027',
			'country=DE&year=2027&region=%00',
		])
			expect((await ask(wrong)).body.code, wrong).to.equal('invalid_input')
	})
})
