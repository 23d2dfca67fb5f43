import { expect } from 'chai'
import { keyOf } from '../../server/platform/mailbox/mailbox.ts'
import { createRedis, type Redis } from '../../server/platform/redis/redis.ts'
import { ackCode, book, bookLive, cancel, codeOf, done } from '../booking/desk.ts'
import { type MailServer, startMailServer } from '../reminders/a-mail-server.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { scrape } from '../support/figures.ts'
import { call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, type Client, closeSockets } from '../support/watcher.ts'
import { useObservedNodes } from './observed-nodes.ts'

/** Personal details that are easy to find in any text. */
const planted = {
	fullName: 'Zephyrine Quillfeather',
	email: 'zephyrine.quillfeather@example.com',
	phone: '+493090187654',
	password: 'a pass phrase of quillfeathers',
	reason: 'quillfeather allergy',
	address: '203.0.113.77',
}
const marks = /zephyrine|quillfeather|90187654|203\.0\.113\.77/i

describe('logs, figures and traces', function () {
	this.slow(10_000)
	let mail: MailServer
	const { traces, lines, nodes } = useObservedNodes(1, async () => {
		mail = await aRefusingMailServer()
		return { SMTP_URL: mail.url, TRUST_PROXY: '1' }
	})
	const [node] = nodes as [TestNode]
	let redis: Redis
	let patient: Person
	let receptionist: Person
	before(async () => {
		redis = createRedis({ url: node.redisUrl, name: 'test' })
		patient = await aPatient(node, { fullName: planted.fullName, email: planted.email, phone: planted.phone })
		receptionist = await aReceptionist(node)
	})
	after(async () => {
		closeSockets()
		redis.disconnect()
		await mail.stop()
	})

	const headers = { 'x-forwarded-for': planted.address }
	const seen = (msg: string) => lines.filter(line => line.msg === msg)
	/** Sends any event with any payload, valid or not. */
	const say = (socket: Client, event: string, payload: unknown) =>
		(socket as unknown as { emitWithAck(name: string, payload: unknown): Promise<unknown> }).emitWithAck(event, payload)
	let nextDay = 1
	const aSlot = async (doctorId: string) => (await someSlots(node, doctorId, { from: hoursAhead(24 * nextDay++) }))[0] as string

	it('have no personal details while all goes well', async () => {
		const { id } = await aDoctor(node)
		const { email, password, fullName, phone, reason } = planted
		await call(node, 'POST', '/auth/login', { body: { email, password }, headers })
		await call(node, 'POST', '/auth/register', { body: { email: `new.${email}`, password, fullName, phone }, headers })
		const [socket, desk] = [await aSocket(node, patient.token), await aSocket(node, receptionist.token)]
		expect(ackCode(await bookLive(socket, await aSlot(id), { reason }))).to.equal('ok')
		expect(ackCode(await bookLive(desk, await aSlot(id), { reason, patientId: patient.id }))).to.equal('ok')
		done(await cancel(node, patient, done(await book(node, patient, await aSlot(id), { reason })).id, { reason }))
		await call(node, 'GET', `/patients?q=${encodeURIComponent(fullName)}`, { token: receptionist.token, headers })
		expect(seen('settled')).to.have.length.at.least(4)
		expect(seen('request')).to.have.length.at.least(4)
	})

	it('have none when a client sends invalid input', async () => {
		const socket = await aSocket(node, patient.token)
		const { email, phone, fullName } = planted
		await say(socket, `hello ${fullName}`, { email })
		await say(socket, 'slot:hold', { slotId: phone })
		for (const path of [`/patients/${phone}`, `/${email}`, `/doctors?q=${email}&limit=${phone}`]) await call(node, 'GET', path, { headers })
		await fetch(`${node.url}/n/${encodeURIComponent(fullName)}?for=${email}`, { headers })
		await call(node, 'POST', '/appointments', { token: patient.token, body: `{"reason": "${planted.reason}`, headers })
	})

	it('have none when a store or a mail server quotes its input in an error', async () => {
		const { id } = await aDoctor(node)
		// PostgreSQL refuses a row and quotes it.
		await node.db.raw(`ALTER TABLE appointments ADD CONSTRAINT no_quills CHECK (reason NOT LIKE '% at noon')`)
		await node.db.raw(`ALTER TABLE patients ADD CONSTRAINT no_quills CHECK (full_name NOT LIKE '% the Second')`)
		expect(codeOf(await book(node, patient, await aSlot(id), { reason: `${planted.reason} at noon` }))).to.equal('internal')
		const body = { fullName: `${planted.fullName} the Second`, phone: planted.phone, email: planted.email }
		expect(codeOf(await call(node, 'POST', '/patients', { token: receptionist.token, body, headers }))).to.equal('internal')
		// Redis refuses a script that has the request as an argument.
		const elsewhere = (await aDoctor(node)).id
		await redis.set(keyOf.stream(elsewhere), 'no stream')
		expect(codeOf(await book(node, patient, await aSlot(elsewhere), { reason: planted.reason }))).to.equal('internal')
		await redis.del(keyOf.stream(elsewhere))
		expect(codeOf(await call(node, 'POST', '/auth/forgot-password', { body: { email: planted.email }, headers }))).to.equal('ok')
		await waitFor(() => seen('password reset mail failed').length > 0, 'the mail server to refuse')
		expect(seen('request refused by the database')).to.have.length(1)
		expect(seen('internal error')).to.have.length(2)
		expect((await scrape(node)).sum('liveslot_errors_total')).to.equal(3)
	})

	it('still have enough to find the cause of an error', () => {
		const [refused] = seen('request refused by the database')
		expect(refused?.err).to.deep.include({ code: '23514', constraint: 'no_quills' })
		const messages = seen('internal error').map(({ err }) => (err as { message: string }).message)
		for (const part of ['WRONGTYPE', 'insert into "patients"', 'violates check constraint "no_quills"'])
			expect(
				messages.some(message => message.includes(part)),
				part,
			).to.equal(true)
		for (const { err } of [...seen('internal error'), ...seen('password reset mail failed')])
			expect((err as { stack: string }).stack).to.match(/^ {4}at .*\.(ts|js|mjs)/m)
		const [unsent] = seen('password reset mail failed')
		expect(JSON.stringify(unsent?.err)).to.include('550').and.to.include('[address]')
	})

	it('have none of the planted details in all that was written', async () => {
		await waitFor(() => traces.spans.some(({ name }) => name === 'POST /api/v1/auth/forgot-password'), 'the last trace', 15_000)
		expect(lines.filter(line => marks.test(JSON.stringify(line)))).to.deep.equal([])
		expect(traces.bodies.length).to.be.above(0)
		expect(traces.bodies.filter(body => marks.test(body))).to.deep.equal([])
		const { text } = await scrape(node)
		expect(text.match(marks)).to.equal(null)
		// The planted details are stored in this form, so the search above can fail.
		expect((await node.db('appointments').where({ patient_id: patient.id }).first('reason')).reason).to.match(marks)
	})
})

/** A mail server that refuses the planted address and quotes it. */
async function aRefusingMailServer() {
	const mail = await startMailServer()
	mail.treat.set(planted.email, { code: 550, text: `5.1.1 <${planted.email}>: ${planted.email} is unknown to us` })
	return mail
}
