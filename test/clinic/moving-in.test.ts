import { expect } from 'chai'
import { firstAdminToken } from '../../server/identity/first-admin.ts'
import { done as taken } from '../booking/desk.ts'
import { soon } from '../support/calendar.ts'
import { type Answer, call } from '../support/http.ts'
import { useNode } from '../support/node.ts'

describe('a clinic that moves in by the API alone', () => {
	const node = useNode()
	let token = ''
	const done = (answer: Answer) => taken<any>(answer)
	const post = async (path: string, body: unknown) => done(await call(node, 'POST', path, { token, body }))
	const steps = async (): Promise<Record<string, boolean>> => {
		const { body } = await call(node, 'GET', '/setup', { token })
		return Object.fromEntries(body.steps.map((step: { id: string; done: boolean }) => [step.id, step.done]))
	}

	it('goes from the first admin to the first booking of a patient, step by step', async () => {
		const chief = { email: 'chief@praxis.example', password: 'a long enough one', fullName: 'Helena Brandt' }
		const first = await post('/auth/first-admin', { ...chief, token: firstAdminToken(node.config.jwtSecret, Date.now()) })
		token = first.accessToken
		expect(Object.values(await steps()), 'nothing is done').to.deep.equal(Array(8).fill(false))

		const address = { line: 'Parkstraße 7', postalCode: '10115', city: 'Berlin', country: 'DE' }
		const clinic = { name: 'Praxis am Park', address, timeZone: 'Europe/Berlin', locale: 'de' }
		done(await call(node, 'PATCH', '/clinic', { token, body: clinic }))
		expect(await steps()).to.include({ clinic: true, sites: false })

		const [main] = (await call(node, 'GET', '/sites')).body.items
		done(await call(node, 'PATCH', `/sites/${main.id}`, { token, body: { name: 'Mitte', address, timeZone: 'Europe/Berlin' } }))
		const other = await post('/sites', { name: 'Potsdam', timeZone: 'Europe/Berlin' })
		expect(await steps()).to.include({ sites: true, types: false })

		for (const name of ['Sprechstunde', 'Kontrolle', 'Impfung', 'Blutabnahme'])
			await post('/appointment-types', { name, minutes: 15, names: { en: `${name} in English` } })
		expect(await steps()).to.include({ types: true, doctors: false })

		const invited = []
		for (const fullName of ['Dr. Ada Winter', 'Dr. Ben Sommer', 'Dr. Cem Herbst'])
			invited.push(await post('/admin/invitations', { email: `${fullName.slice(4, 7)}@praxis.example`, fullName, role: 'doctor' }))
		expect(await steps()).to.include({ doctors: true, hours: false })

		for (const [index, { id }] of invited.entries()) {
			const weekly = [1, 2, 3, 4, 5, 6, 7].map(weekday => ({ weekday, start: '09:00', end: '17:00' }))
			const plan = { siteId: index === 2 ? other.id : main.id, slotMinutes: 15, weekly, validFrom: soon().from }
			expect((await post(`/doctors/${id}/plans/preview`, plan)).created).to.be.greaterThan(0)
			await post(`/doctors/${id}/plans`, plan)
		}
		expect(await steps()).to.include({ hours: true, reception: false })

		await post('/admin/invitations', { email: 'desk@praxis.example', fullName: 'Noor Haddad', role: 'receptionist' })
		expect(await steps()).to.include({ reception: true, closures: false })

		const year = new Date().getUTCFullYear() + 1
		const holidays = (await call(node, 'GET', `/closures/holidays?country=DE&region=BE&year=${year}&language=de`, { token })).body.items
		for (const { from, to, name } of holidays) await post('/closures', { from, to, name })
		expect(await steps()).to.include({ closures: true, booking: false })

		const grace = { email: 'grace@example.com', password: 'a compiler in 1952', fullName: 'Grace Hopper' }
		const patient = done(await call(node, 'POST', '/auth/register', { body: grace }))
		const [type] = (await call(node, 'GET', '/appointment-types')).body.items
		const { days } = (await call(node, 'GET', `/availability?typeId=${type.id}&from=${soon().from}&to=${soon().to}&siteId=${other.id}`))
			.body
		const { startsAt } = days.find(({ times }: { times: unknown[] }) => times.length > 0).times[0]
		const body = { typeId: type.id, startsAt, anyOf: { siteId: other.id } }
		const { slotId, doctorId } = done(await call(node, 'POST', '/holds', { token: patient.accessToken, body }))
		expect(doctorId).to.equal(invited.at(-1)?.id)
		const booking = { token: patient.accessToken, body: { slotId, typeId: type.id }, key: 'the-first-one' }
		expect(done(await call(node, 'POST', '/appointments', booking)).startsAt).to.equal(startsAt)
		expect(Object.values(await steps()), 'everything is done').to.deep.equal(Array(8).fill(true))
	})
})
