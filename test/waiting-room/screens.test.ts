import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, eavesdrop, refused } from '../support/watcher.ts'
import { aDesk, aLineWatcher, aVisit, siteOf } from './a-line.ts'

describe('a screen of the waiting room', () => {
	const node = useNode({ RATE_LIMIT: 'on', TRUST_PROXY: '1' })
	afterEach(closeSockets)

	let admin: Person
	let doctor: Person
	let desk: Awaited<ReturnType<typeof aDesk>>
	let siteId: string
	beforeEach(async () => {
		admin = await anAdmin(node)
		doctor = await aDoctor(node)
		desk = await aDesk(node)
		siteId = await siteOf(node)
	})

	let address = 0
	/** Each screen pairs from an address of its own, as the limit of guesses is by address. */
	const pair = (code: string, from = `198.51.100.${++address}`) =>
		call(node, 'POST', '/screens/pair', { body: { code }, headers: { 'x-forwarded-for': from } })
	const add = async (kind: 'wall' | 'kiosk') => (await call(node, 'POST', '/screens', { token: admin.token, body: { siteId, kind } })).body
	const aScreen = async (kind: 'wall' | 'kiosk') => {
		const { id, code } = await add(kind)
		return { id, token: (await pair(code)).body.token as string }
	}
	const checkIn = (token: string, input: object) => call(node, 'POST', '/screens/check-in', { body: { token, ...input } })
	const aBornPatient = async (fullName: string, birthDate: string) => {
		const patient = await aPatient(node, { fullName })
		await node.db('patients').where('id', patient.id).update({ birth_date: birthDate })
		return patient
	}

	it('is paired once by its code, and neither code nor token is stored', async () => {
		const { code } = await add('wall')
		const answers = await Promise.all([pair(code), pair(code), pair(code)])
		expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 404, 404])
		const { token } = answers.find(({ status }) => status === 200)?.body ?? {}
		const stored = JSON.stringify(await node.db('screens').select())
		expect(stored).not.to.include(token).and.not.include(code).and.not.include(code.replace('-', ''))
		const late = await add('wall')
		await node
			.db('screens')
			.where('id', late.id)
			.update({ code_expires_at: new Date(Date.now() - 1) })
		expect((await pair(late.code)).status).to.equal(404)
	})

	it('refuses more than a few guesses of codes', async () => {
		const guesses = await Promise.all(Array.from({ length: 15 }, (_, index) => pair(`AAAA-AA${index + 10}`, '203.0.113.7')))
		expect(guesses.filter(({ status }) => status === 404).length).to.be.at.most(10)
		expect(guesses.filter(({ status }) => status === 429).length).to.be.at.least(5)
	})

	it('gets every change of its site and no frame with a person in it', async () => {
		const { token } = await aScreen('wall')
		const socket = await aSocket(node)
		const frames = eavesdrop(socket)
		const wall = await aLineWatcher(socket, { siteId, screenToken: token })
		const visits = await Promise.all([0, 10, 20].map(inMinutes => aVisit(node, doctor, { inMinutes })))
		for (const visit of visits) {
			const { ticket } = (await desk.checkIn(visit)).body
			await desk.call(visit, { room: 'Green' })
			await waitFor(() => wall.statuses()[ticket] === 'called', 'the call on the wall')
		}
		const seen = frames.join('\n')
		expect(seen).to.include('"room":"Green"')
		for (const { patient } of visits) expect(seen).not.to.include(patient.fullName).and.not.include(patient.email)
		const fields = new Set(wall.changes.flatMap(({ entries }) => entries.flatMap(entry => Object.keys(entry))))
		expect([...fields]).to.have.members(['ticket', 'status', 'since', 'doctorId', 'room'])
		expect(wall.gaps()).to.equal(0)
	})

	it('may do nothing but what it is for', async () => {
		const [wall, kiosk] = [await aScreen('wall'), await aScreen('kiosk')]
		const socket = await aSocket(node)
		const watch = async (payload: object) => refused(await socket.emitWithAck('room:watch', payload)).code
		expect(await watch({ siteId, screenToken: kiosk.token })).to.equal('unauthenticated')
		expect(await watch({ siteId: '999', screenToken: wall.token })).to.equal('not_found')
		expect(await watch({ doctorId: doctor.id, screenToken: wall.token })).to.equal('not_found')
		expect((await checkIn(wall.token, { birthDate: '1970-01-01', name: 'Any' })).status).to.equal(401)
		expect((await call(node, 'GET', `/waiting-room?siteId=${siteId}`, { token: wall.token })).status).to.equal(401)
	})

	it('is disconnected at once when it is revoked, and never comes back', async () => {
		const { id, token } = await aScreen('wall')
		const socket = await aSocket(node)
		await aLineWatcher(socket, { siteId, screenToken: token })
		expect((await call(node, 'DELETE', `/screens/${id}`, { token: admin.token })).status).to.equal(204)
		await waitFor(() => socket.disconnected, 'the end of the connection', 2000)
		const again = await aSocket(node)
		expect(refused(await again.emitWithAck('room:watch', { siteId, screenToken: token })).code).to.equal('unauthenticated')
		expect((await call(node, 'GET', '/screens', { token: admin.token })).body.items.map((each: { id: string }) => each.id)).not.to.include(
			id,
		)
	})

	it('checks in at the kiosk by birth date and a part of the name, whatever its accents, with one ticket', async () => {
		const { token } = await aScreen('kiosk')
		const patient = await aBornPatient('José Núñez-Müller', '1980-05-06')
		const visit = await aVisit(node, doctor, { inMinutes: 20, patient })
		const first = await checkIn(token, { birthDate: '1980-05-06', name: 'nunez' })
		expect(first.status).to.equal(200)
		expect(Object.keys(first.body)).to.deep.equal(['ticket'])
		expect((await checkIn(token, { birthDate: '1980-05-06', name: 'Müller' })).body).to.deep.equal(first.body)
		expect((await desk.line(doctor.id))[0]).to.include({ ticket: first.body.ticket, appointmentId: visit.id })
	})

	it('gives one answer at the kiosk for every patient who cannot be checked in, and sends to the desk after a few', async () => {
		const { token } = await aScreen('kiosk')
		const [withoutVisit, tooEarly] = [await aBornPatient('Ada Early', '1981-01-01'), await aBornPatient('Bea Early', '1982-01-01')]
		const twins = [await aBornPatient('Kim Twin', '1983-01-01'), await aBornPatient('Kit Twin', '1983-01-01')]
		await aVisit(node, doctor, { inMinutes: 90, patient: tooEarly })
		for (const [index, patient] of twins.entries()) await aVisit(node, doctor, { inMinutes: 5 + index * 10, patient })
		expect(withoutVisit.id).to.be.a('string')
		const misses = []
		for (const input of [
			{ birthDate: '1981-01-01', name: 'Ada' },
			{ birthDate: '1982-01-01', name: 'Bea' },
			{ birthDate: '1983-01-01', name: 'Twin' },
			{ birthDate: '1999-09-09', name: 'Nobody' },
			{ birthDate: '1983-01-01', name: 'K' },
			{ link: 'v.1.1.zzzzzz.00000000000000000000000000000000' },
		])
			misses.push(await checkIn(token, input))
		const { requestId: _, instance: __, ...one } = misses[0]?.body ?? {}
		for (const { status, body } of misses) {
			const { requestId: _, instance: __, ...rest } = body
			expect({ status, ...rest }).to.deep.equal({ status: 404, ...one })
		}
		for (let guess = 0; guess < 4; guess++) await checkIn(token, { birthDate: '1983-01-01', name: `No${guess}` })
		expect((await checkIn(token, { birthDate: '1983-01-01', name: 'Kim' })).status, 'even for a right guess').to.equal(429)
	})
})
