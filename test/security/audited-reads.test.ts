import { expect } from 'chai'
import { type Endpoint, endpoints } from '../../contract/index.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createAuditTrail } from '../../server/platform/security/audit.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, ok } from '../support/watcher.ts'

/** Reading calls that need an account and are still not recorded, according to the contract. */
const unrecorded = {
	'one’s own': ['getMe', 'getOwnPreferences', 'getSecondFactor', 'listOwnSessions', 'getCalendarLink'],
	'figures and jobs, in which there is nobody': [
		'getAnalytics',
		'listApiClients',
		'listJobs',
		'listScreens',
		'listHolidays',
		'getSetup',
		'listWebhooks',
		'listWebhookDeliveries',
		'getEmbed',
	],
	'recorded before they are answered': ['findPatients', 'getPatient', 'getDoctorsPatient', 'exportMe', 'exportPatient'],
}

describe('a look at another person’s details', () => {
	const node = useNode()
	let desk: Person
	let admin: Person
	let doctor: Person
	let patient: Person
	let appointmentId: string

	before(async () => {
		;[desk, admin, doctor, patient] = await Promise.all([
			aReceptionist(node),
			anAdmin(node),
			aDoctor(node),
			aPatient(node, { fullName: 'Marker Patient', phone: '+49 30 1234567' }),
		])
		const [slotId] = await someSlots(node, doctor.id, { count: 3 })
		const body = { slotId, patientId: patient.id, reason: 'Marker reason' }
		appointmentId = (await call(node, 'POST', '/appointments', { token: desk.token, body })).body.id
	})
	afterEach(closeSockets)

	const entriesOf = async ({ id }: Person) =>
		(await node.db('audit_log').where({ actor_id: id }).orderBy('id')).map(({ action, entity, entity_id, details, ip, request_id }) => {
			expect([ip, request_id], 'from where, and in which request').to.satisfy((each: unknown[]) => each.every(Boolean))
			return [action, entity, entity_id, details]
		})

	/** The new entries in the log after the work, once the log has `count` of them. */
	const newEntries = async (person: Person, count: number, work: () => Promise<unknown>) => {
		const before = (await entriesOf(person)).length
		await work()
		await waitFor(async () => (await entriesOf(person)).length >= before + count, 'the entries')
		return (await entriesOf(person)).slice(before)
	}

	it('is declared in the contract for each reading call', () => {
		const reading = Object.entries<Endpoint>(endpoints).filter(([, { method, access }]) => method === 'get' && access !== 'anyone')
		const silent = reading.filter(([, { reveals }]) => !reveals).map(([name]) => name)
		expect(silent).to.have.members(Object.values(unrecorded).flat())
		expect(reading.length).to.be.above(silent.length)
	})

	it('is recorded: the reader, the action, the owner, and how much was shown', async () => {
		const asked: [Person, string, unknown[]][] = [
			[desk, `/patients/${patient.id}`, ['viewed', 'patient', patient.id, {}]],
			[desk, '/patients?q=Marker', ['searched', 'patient', null, { shown: 1 }]],
			[desk, `/patients/${patient.id}/notifications`, ['viewed', 'patient', patient.id, {}]],
			[desk, '/appointments', ['listed', 'appointment', null, { shown: 1 }]],
			[desk, `/appointments?patientId=${patient.id}`, ['listed', 'appointment', null, { shown: 1, patientId: patient.id }]],
			[doctor, `/appointments?doctorId=${doctor.id}`, ['listed', 'appointment', null, { shown: 1, doctorId: doctor.id }]],
			[doctor, `/appointments/${appointmentId}`, ['viewed', 'appointment', appointmentId, {}]],
			[doctor, `/appointments/${appointmentId}/calendar.ics`, ['viewed', 'appointment', appointmentId, {}]],
			// A confirmation and two reminders.
			[desk, `/appointments/${appointmentId}/notifications`, ['viewed', 'appointment', appointmentId, { shown: 3 }]],
			[desk, `/doctors/${doctor.id}/slots?${new URLSearchParams(soon())}`, ['viewed', 'calendar', doctor.id, {}]],
			[desk, `/doctors/${doctor.id}/time-off`, ['viewed', 'time_off', doctor.id, { shown: 0 }]],
			[desk, '/recalls', ['listed', 'recall', null, { shown: 0 }]],
			[admin, '/admin/users?q=Marker', ['listed', 'user', null, { shown: 1 }]],
			[admin, '/admin/audit?entity=job', ['listed', 'audit', null, { shown: 0 }]],
		]
		for (const [person, path, entry] of asked) {
			const entries = await newEntries(person, 1, async () => {
				const { status } = await fetch(`${node.url}/api/v1${path}`, { headers: { authorization: `Bearer ${person.token}` } })
				expect(status, path).to.equal(200)
			})
			expect(entries, path).to.deep.equal([entry])
		}
	})

	it('is recorded over sockets: that an account follows appointments, and each calendar', async () => {
		const entries = await newEntries(desk, 2, async () => {
			const socket = await aSocket(node, desk.token)
			ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
			ok(await socket.emitWithAck('session:renew', { token: desk.token }))
		})
		expect(entries).to.deep.equal([
			['followed', 'appointment', null, {}],
			['viewed', 'calendar', doctor.id, {}],
		])
	})

	it('is not recorded when it is refused, public, or of one’s own details', async () => {
		const [colleague, owner] = [await aDoctor(node), await aPatient(node)]
		await call(node, 'GET', `/appointments/${appointmentId}`, { token: colleague.token })
		await call(node, 'GET', `/patients/${patient.id}`, { token: colleague.token })
		await call(node, 'GET', '/doctors', { token: colleague.token })
		const socket = await aSocket(node, owner.token)
		ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
		await call(node, 'GET', '/me', { token: owner.token })
		await call(node, 'GET', '/appointments', { token: owner.token })
		// A node records entries in order: the others would be recorded before this one.
		await newEntries(desk, 1, () => call(node, 'GET', '/appointments', { token: desk.token }))
		expect(await entriesOf(colleague)).to.deep.equal([])
		expect(await entriesOf(owner)).to.deep.equal([])
	})

	it('is recorded without searched, shown or tried texts', async () => {
		const body = { email: 'marker.nobody@example.com', password: 'Marker password' }
		const tries = [body, body, { ...body, email: 'marker.other@example.com' }]
		for (const each of tries) expect((await call(node, 'POST', '/auth/login', { body: each })).status).to.equal(401)
		const rows = await node.db('audit_log').where({ action: 'sign_in_failed' }).orderBy('id')
		const marks = rows.map(({ details }) => details.address)
		expect(marks.every(mark => /^[\w-]{22}$/.test(mark))).to.equal(true)
		expect([marks[0] === marks[1], marks[0] === marks[2]], 'whether the same was tried again').to.deep.equal([true, false])
		const all = JSON.stringify(await node.db('audit_log'))
		expect(all).not.to.match(/marker/i)
		expect(all).not.to.include('1234567')
	})

	it('is recorded for every request, even with texts that no database stores', async () => {
		const path = `/appointments?patientId=${encodeURIComponent('a\0b\\u0000')}`
		const entries = await newEntries(desk, 1, () => call(node, 'GET', path, { token: desk.token }))
		expect(entries).to.deep.equal([['listed', 'appointment', null, { shown: 0, patientId: 'a\uFFFDb\\u0000' }]])
	})

	it('is recorded after an entry that the database refuses, and completely when the node stops', async () => {
		const trail = createAuditTrail({ db: node.db, log: createLog('silent') })
		const entry = (action: string) => trail.note({ actor: null, action, entity: 'test' })
		entry('first')
		entry('impossible\u0000')
		entry('last')
		await trail.stop()
		const rows = await node.db('audit_log').where({ entity: 'test' }).orderBy('id')
		expect(rows.map(({ action }) => action)).to.deep.equal(['first', 'last'])
	})
})
