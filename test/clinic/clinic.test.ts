import { expect } from 'chai'
import { Clinic } from '../../contract/index.ts'
import { codeOf } from '../booking/desk.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aReceptionist, type Person } from '../support/people.ts'

describe('the clinic', () => {
	const node = useNode({ CANCEL_CUTOFF_MINUTES: '90', REMINDER_MINUTES: '60,1440', SLOT_DAYS_AHEAD: '14' })
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})
	const read = async () => Clinic.parse((await call(node, 'GET', '/clinic')).body)
	const change = (body: unknown, token = admin.token) => call(node, 'PATCH', '/clinic', { token, body })

	it('has a name, a zone and policies from the start, the policies as the server was started', async () => {
		expect(await read()).to.deep.equal({
			name: 'Liveslot',
			timeZone: 'UTC',
			locale: 'en',
			policy: { cancelCutoffMinutes: 90, overbooking: 'staff', waitlist: true, reminderMinutes: [1440, 60], slotDaysAhead: 14 },
		})
	})

	it('is what an admin says, for anyone to read', async () => {
		const fields = {
			name: 'Praxis am Park',
			address: { line: 'Parkstraße 7', postalCode: '10115', city: 'Berlin', country: 'DE' },
			phone: '+49 30 1234567',
			email: 'praxis@example.com',
			website: 'https://praxis.example/',
			timeZone: 'Europe/Berlin',
			locale: 'de',
			privacyUrl: 'https://praxis.example/datenschutz',
			imprintUrl: 'https://praxis.example/impressum',
			accent: '#0b6e4f',
		}
		const policy = {
			cancelCutoffMinutes: 1440,
			maxUpcomingPerPatient: 4,
			overbooking: 'doctors_and_staff',
			waitlist: false,
			reminderMinutes: [2880, 120],
			slotDaysAhead: 30,
		}
		const { status, body } = await change({ ...fields, accent: '#0B6E4F', policy })
		expect(status).to.equal(200)
		expect(body).to.deep.equal({ ...fields, policy })
		expect(await read()).to.deep.equal(body)
	})

	it('keeps what a change leaves out, and loses what is null', async () => {
		await change({ name: 'Before', phone: '+49 30 1234', policy: { maxUpcomingPerPatient: 3, cancelCutoffMinutes: 30 } })
		const { body } = await change({ phone: null, policy: { maxUpcomingPerPatient: null } })
		expect(body).to.include({ name: 'Before' }).and.not.to.have.property('phone')
		expect(body.policy).to.include({ cancelCutoffMinutes: 30 }).and.not.to.have.property('maxUpcomingPerPatient')
		const asStarted = await change({ policy: { reminderMinutes: null, slotDaysAhead: null } })
		expect(asStarted.body.policy).to.deep.include({ reminderMinutes: [1440, 60], slotDaysAhead: 14 })
	})

	it('refuses what cannot be', async () => {
		for (const body of [
			{ name: '' },
			{ name: 'two\nlines' },
			{ accent: 'red' },
			{ website: 'javascript:alert(1)' },
			{ timeZone: 'Mars/Olympus' },
			{ locale: 'not a language' },
			{ address: { line: 'x', city: 'y', country: 'Germany' } },
			{ policy: { overbooking: 'everybody' } },
			{ policy: { cancelCutoffMinutes: -1 } },
			{ policy: { reminderMinutes: [-5] } },
			{ policy: { reminderMinutes: Array.from({ length: 11 }, (_, lead) => lead) } },
			{ policy: { slotDaysAhead: 0 } },
			{ policy: { slotDaysAhead: 367 } },
			{ phone: 'call us' },
		])
			expect(codeOf(await change(body)), JSON.stringify(body)).to.equal('invalid_input')
	})

	it('is changed by admins only, who are on record', async () => {
		for (const { token } of [await aReceptionist(node), await aDoctor(node)])
			expect(codeOf(await change({ name: 'Mine' }, token))).to.equal('forbidden')
		await change({ name: 'On record', policy: { waitlist: true } })
		const entry = await node.db('audit_log').where({ entity: 'clinic', action: 'updated' }).orderBy('id', 'desc').first()
		expect(entry).to.include({ actor_id: admin.id })
		expect(entry.details).to.deep.equal({ fields: ['name', 'policy'], policy: { waitlist: true } })
	})

	it('says what is set up and what is not, step by step', async () => {
		const done = async () => {
			const { body } = await call(node, 'GET', '/setup', { token: admin.token })
			return Object.fromEntries(body.steps.map((step: { id: string; done: boolean }) => [step.id, step.done]))
		}
		const { body } = await call(node, 'GET', '/setup', { token: admin.token })
		expect(body.steps.map(({ id }: { id: string }) => id)).to.deep.equal([
			'clinic',
			'sites',
			'types',
			'doctors',
			'hours',
			'reception',
			'closures',
			'booking',
		])
		expect(await done()).to.include({ clinic: true, sites: false, types: false })
		const [site] = (await call(node, 'GET', '/sites')).body.items
		await call(node, 'PATCH', `/sites/${site.id}`, { token: admin.token, body: { name: 'Mitte' } })
		await call(node, 'POST', '/appointment-types', { token: admin.token, body: { name: 'Check-up', minutes: 30 } })
		expect(await done()).to.include({ sites: true, types: true, closures: false, booking: false })
	})
})
