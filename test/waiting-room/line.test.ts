import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, refused } from '../support/watcher.ts'
import { aDesk, aLineWatcher, aVisit, siteOf } from './a-line.ts'

describe('the line of a doctor', () => {
	const node = useNode()
	afterEach(closeSockets)

	let doctor: Person
	let desk: Awaited<ReturnType<typeof aDesk>>
	beforeEach(async () => {
		doctor = await aDoctor(node)
		desk = await aDesk(node)
	})

	it('has who checked in, by due time, with a ticket each', async () => {
		const late = await aVisit(node, doctor, { inMinutes: 30 })
		const early = await aVisit(node, doctor, { inMinutes: 10 })
		const first = await desk.checkIn(late)
		expect(first.status).to.equal(200)
		expect(first.body).to.include({ id: late.id, status: 'checked_in' })
		expect(first.body.ticket).to.match(/^[A-Z]\d+$/)
		const second = await desk.checkIn(early)
		const line = await desk.line(doctor.id)
		expect(line.map(({ ticket }) => ticket)).to.deep.equal([second.body.ticket, first.body.ticket])
		expect(line[0]).to.include({ status: 'waiting', appointmentId: early.id, patientName: early.patient.fullName })
		expect(line[0]?.wait?.toMinutes).to.be.at.least(9)
	})

	it('is joined by walk-ins, whose place is after patients who are due', async () => {
		const due = await aVisit(node, doctor, { inMinutes: -5 })
		await desk.checkIn(due)
		const patient = await aPatient(node)
		const body = { doctorId: doctor.id, patientId: patient.id, reason: 'A cut' }
		const walkIn = await call(node, 'POST', '/walk-ins', { token: desk.token, body, key: 'one' })
		expect(walkIn.status).to.equal(201)
		expect(walkIn.body).to.include({ kind: 'walk_in', status: 'checked_in', reason: 'A cut', patientId: patient.id })
		expect(walkIn.body.ticket).to.match(/^[A-Z]\d+$/)
		expect((await desk.line(doctor.id)).map(({ appointmentId }) => appointmentId)).to.deep.equal([due.id, walkIn.body.id])
		const again = await call(node, 'POST', '/walk-ins', { token: desk.token, body, key: 'one' })
		expect([again.body.id, again.body.ticket]).to.deep.equal([walkIn.body.id, walkIn.body.ticket])
		expect((await call(node, 'POST', '/walk-ins', { token: desk.token, body })).body.code).to.equal('patient_overlap')
		await desk.status(walkIn.body, 'in_progress')
		await desk.status(walkIn.body, 'completed')
		expect((await desk.line(doctor.id)).map(({ appointmentId }) => appointmentId)).to.deep.equal([due.id])
	})

	it('gives twenty walk-ins at once a ticket each', async () => {
		const patients = await Promise.all(Array.from({ length: 20 }, () => aPatient(node)))
		const answers = await Promise.all(
			patients.map(({ id }) => call(node, 'POST', '/walk-ins', { token: desk.token, body: { doctorId: doctor.id, patientId: id } })),
		)
		expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(201))
		expect(new Set(answers.map(({ body }) => body.ticket)).size).to.equal(20)
	})

	it('follows a visit from its call to its end, and keeps the instants', async () => {
		const visit = await aVisit(node, doctor)
		await desk.checkIn(visit)
		expect((await desk.call(visit, { room: 'Room 2' })).status).to.equal(200)
		expect((await desk.line(doctor.id))[0]).to.include({ status: 'called', room: 'Room 2' })
		await desk.status(visit, 'in_progress')
		expect((await desk.line(doctor.id))[0]).to.include({ status: 'in_progress', room: 'Room 2' })
		expect((await desk.call(visit)).body).to.include({ code: 'wrong_status' })
		await desk.status(visit, 'completed')
		expect(await desk.line(doctor.id)).to.deep.equal([])
		const times = await node.db('visit_times').where('appointment_id', visit.id).first()
		const instants = [times.checked_in_at, times.called_at, times.started_at, times.ended_at].map((at: Date) => at.getTime())
		expect(instants).to.deep.equal(instants.toSorted((a, b) => a - b))
	})

	it('keeps the place and the ticket of a patient who steps out', async () => {
		const [first, second] = [await aVisit(node, doctor, { inMinutes: 5 }), await aVisit(node, doctor, { inMinutes: 15 })]
		const { ticket } = (await desk.checkIn(first)).body
		await desk.checkIn(second)
		expect((await desk.stepOut(first)).status).to.equal(200)
		expect((await desk.line(doctor.id))[0]).to.include({ ticket, status: 'out' })
		expect((await desk.call(first)).body).to.include({ code: 'wrong_status' })
		expect((await desk.stepIn(first)).status).to.equal(200)
		expect((await desk.line(doctor.id))[0]).to.include({ ticket, status: 'waiting' })
		expect((await desk.stepIn(first)).body).to.include({ code: 'wrong_status' })
	})

	it('shows patients their own visit with its range, and nothing else', async () => {
		const [first, second] = [await aVisit(node, doctor, { inMinutes: 5 }), await aVisit(node, doctor, { inMinutes: 15 })]
		await desk.checkIn(first)
		await desk.checkIn(second)
		const { body } = await call(node, 'GET', `/waiting-room?doctorId=${doctor.id}`, { token: second.patient.token })
		expect(body.entries).to.have.length(1)
		expect(body.entries[0]).to.include({ mine: true, status: 'waiting' }).and.not.have.property('patientName')
		expect(body.entries[0].wait.toMinutes).to.be.at.least(body.entries[0].wait.fromMinutes)
		const stranger = await aPatient(node)
		expect((await call(node, 'GET', `/waiting-room?doctorId=${doctor.id}`, { token: stranger.token })).body.entries).to.deep.equal([])
	})

	it('is closed to visitors without an account, and to the calls of patients', async () => {
		const visit = await aVisit(node, doctor)
		expect((await call(node, 'GET', `/waiting-room?doctorId=${doctor.id}`)).status).to.equal(401)
		const socket = await aSocket(node)
		expect(refused(await socket.emitWithAck('room:watch', { doctorId: doctor.id })).code).to.equal('unauthenticated')
		for (const act of ['call', 'step-out', 'step-in'])
			expect((await call(node, 'POST', `/appointments/${visit.id}/${act}`, { token: visit.patient.token, body: {} })).status).to.equal(403)
		const other = await aDoctor(node)
		expect((await call(node, 'POST', `/appointments/${visit.id}/call`, { token: other.token, body: {} })).status).to.equal(404)
	})

	it('lets a patient check in from an hour before, once', async () => {
		const [far, near] = [await aVisit(node, doctor, { inMinutes: 75 }), await aVisit(node, doctor, { inMinutes: 50 })]
		const checkIn = (visit: typeof far) =>
			call(node, 'POST', `/appointments/${visit.id}/check-in`, { token: visit.patient.token, body: {} })
		expect((await checkIn(far)).body).to.include({ code: 'too_soon' })
		const answers = await Promise.all([checkIn(near), checkIn(near), checkIn(near)])
		expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200])
		expect(new Set(answers.map(({ body }) => body.ticket)).size).to.equal(1)
		const stranger = await aPatient(node)
		expect((await call(node, 'POST', `/appointments/${near.id}/check-in`, { token: stranger.token, body: {} })).status).to.equal(404)
		expect((await call(node, 'POST', `/appointments/${near.id}/check-in`, { body: {} })).status).to.equal(401)
	})

	it('gives each of many arrivals at once a ticket of its own, without a gap', async () => {
		const doctors = await Promise.all(Array.from({ length: 5 }, () => aDoctor(node)))
		const visits = await Promise.all(doctors.flatMap(each => [0, 10, 20, 30].map(inMinutes => aVisit(node, each, { inMinutes }))))
		const before = (await node.db('visit_times').max('ticket_number').first())?.max ?? 0
		const answers = await Promise.all(visits.map(visit => desk.checkIn(visit)))
		expect(new Set(answers.map(({ body }) => body.ticket)).size).to.equal(visits.length)
		const numbers = await node.db('visit_times').where('ticket_number', '>', before).orderBy('ticket_number').pluck('ticket_number')
		expect(numbers).to.deep.equal(visits.map((_, index) => before + index + 1))
	})

	it('gives a patient who is called to two rooms at once to one of them', async () => {
		const visit = await aVisit(node, doctor)
		await desk.checkIn(visit)
		const answers = await Promise.all(['1', '2', '3', '4'].map(room => desk.call(visit, { room })))
		expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 409, 409, 409])
		const won = String(answers.findIndex(({ status }) => status === 200) + 1)
		expect((await desk.line(doctor.id))[0]).to.include({ status: 'called', room: won })
		expect((await desk.call(visit)).status, 'calling again').to.equal(200)
	})

	it('reaches watchers of the doctor and of the site within a second, under contiguous versions', async () => {
		const [visit, other] = [await aVisit(node, doctor), await aVisit(node, doctor, { inMinutes: 10 })]
		const { ticket } = (await desk.checkIn(visit)).body
		await desk.checkIn(other)
		const watchers = [
			await aLineWatcher(await aSocket(node, desk.token), { doctorId: doctor.id }),
			await aLineWatcher(await aSocket(node, desk.token), { siteId: await siteOf(node) }),
			await aLineWatcher(await aSocket(node, doctor.token), { doctorId: doctor.id }),
			await aLineWatcher(await aSocket(node, visit.patient.token), { doctorId: doctor.id }),
		]
		const acts: [() => Promise<unknown>, string | undefined][] = [
			[() => desk.call(visit, { room: '1' }), 'called'],
			[() => desk.stepIn(visit), 'waiting'],
			[() => desk.stepOut(visit), 'out'],
			[() => desk.stepIn(visit), 'waiting'],
			[() => desk.status(visit, 'in_progress'), 'in_progress'],
			[() => desk.status(visit, 'completed'), undefined],
		]
		for (const [act, status] of acts) {
			await act()
			await waitFor(() => watchers.every(({ statuses }) => statuses()[ticket] === status), `all see ${status}`, 5000)
		}
		for (const { gaps, changes } of watchers) {
			expect(gaps()).to.equal(0)
			expect(changes.length).to.be.at.least(acts.length)
		}
		expect(watchers[0]?.entries()[0]).to.include({ patientName: other.patient.fullName })
		expect(JSON.stringify(watchers[3]?.changes)).not.to.include(other.patient.fullName).and.not.include(other.id)
	})

	it('has only visits of the site’s own day', async () => {
		const site = await siteOf(node)
		const { time_zone } = await node.db('sites').where('id', site).first('time_zone')
		const visit = await aVisit(node, doctor)
		await desk.checkIn(visit)
		expect(await desk.line(doctor.id)).to.have.length(1)
		const day = (zone: string) => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format()
		const elsewhere = ['Pacific/Kiritimati', 'Pacific/Pago_Pago'].find(zone => day(zone) !== day(time_zone)) as string
		await node.db('sites').where('id', site).update({ time_zone: elsewhere })
		expect(await desk.line(doctor.id)).to.deep.equal([])
		await node.db('sites').where('id', site).update({ time_zone })
	})
})
