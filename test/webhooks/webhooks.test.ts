import { expect } from 'chai'
import { Webhook } from 'standardwebhooks'
import { createSeal } from '../../server/identity/secrets.ts'
import { createPipeline, type Pipeline } from '../../server/platform/database/pipeline.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createDelivering } from '../../server/webhooks/deliver.ts'
import { disableWebhook } from '../../server/webhooks/endpoints.ts'
import { createPost } from '../../server/webhooks/post.ts'
import { useWebService, type WebRequest } from '../reminders/a-web-service.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

const hourMs = 3_600_000

describe('webhooks', () => {
	// The node only records; each test delivers by itself, at the time that it says.
	const node = useNode({ WEBHOOK_PRIVATE: 'on', ROLE: 'web' })
	const receiver = useWebService(() => ({ status: 200 }))
	let [admin, doctor, patient] = [] as unknown as [Person, Person, Person]
	let pipeline: Pipeline
	let aheadMs = 0

	before(async () => {
		;[admin, doctor, patient] = [await anAdmin(node), await aDoctor(node), await aPatient(node, { fullName: 'Wanda Webhook' })]
		pipeline = createPipeline({ url: node.databaseUrl, connections: 2, prepare: true, log: createLog('silent') })
	})
	after(() => pipeline.stop())
	beforeEach(() => {
		aheadMs = 0
	})
	afterEach(() => node.db('webhook_endpoints').delete())

	const asAdmin = (method: string, path: string, body?: unknown) => call(node, method, path, { token: admin.token, body })
	const aWebhook = async (events = ['appointment.*'], url = `${receiver.url}/hook`) => {
		const made = await asAdmin('POST', '/admin/webhooks', { url, events })
		expect(made.status).to.equal(201)
		return made.body as { id: string; secret: string }
	}
	const aDelivering = (rules = { allowsPrivate: true, timeoutMs: 500 }) => {
		const seal = createSeal(node.config.jwtSecret, 'webhook secrets')
		return createDelivering({
			run: pipeline.run,
			post: createPost(rules),
			openSecret: (sealed, id) => seal.open(sealed, id)?.toString(),
			disable: (id, because) => disableWebhook(node.db, id, because),
			nowMs: () => Date.now() + aheadMs,
			log: createLog('silent'),
		})
	}
	const deliver = (rules?: { allowsPrivate: boolean; timeoutMs: number }) => aDelivering(rules).tick()
	const deliveriesOf = async (id: string) => (await asAdmin('GET', `/admin/webhooks/${id}/deliveries`)).body.items
	const book = async (slotId?: string) => {
		const [free] = slotId ? [slotId] : await someSlots(node, doctor.id, { count: 1, from: hoursAhead(nextHours++) })
		const booked = await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId: free } })
		expect(booked.status).to.equal(201)
		return booked.body as { id: string; startsAt: string }
	}
	let nextHours = 48
	const cancel = (id: string) => call(node, 'POST', `/appointments/${id}/cancel`, { token: patient.token, body: {} })
	const headersOf = ({ headers }: WebRequest) => headers as Record<string, string>
	const bodies = () => receiver.requests.map(({ body }) => JSON.parse(body.toString()))

	it('tell of offers, without names', async () => {
		const { id } = await aWebhook(['offer.*'])
		const [slotId] = await someSlots(node, doctor.id, { count: 1, from: hoursAhead(nextHours++) })
		const offered = await call(node, 'POST', '/offers', { token: admin.token, body: { slotId, patientId: patient.id } })
		expect(offered.status).to.equal(201)
		// A node that only serves the web sends no message, so the test opens the offer, as the message's way out would.
		await node
			.db('slot_offers')
			.where({ id: offered.body.id })
			.update({ status: 'open', expires_at: hoursAhead(1) })
		await call(node, 'POST', `/offers/${offered.body.id}/decline`, { token: patient.token, body: {} })
		const events = (await deliveriesOf(id)).map(({ event }: { event: string }) => event)
		expect(events.toSorted()).to.deep.equal(['offer.declined', 'offer.opened'])
		const stored = JSON.stringify(await node.db('webhook_deliveries').select())
		expect(stored).to.include(offered.body.id)
		expect(stored).to.not.include('Wanda')
	})

	it('are signed so that the library of Standard Webhooks verifies them', async () => {
		const { id, secret } = await aWebhook(['appointment.booked'])
		const { id: appointmentId, startsAt } = await book()
		await deliver()
		const [request] = receiver.requests as [WebRequest]
		const message = new Webhook(secret).verify(request.body, headersOf(request)) as { type: string; data: object }
		expect(message.type).to.equal('appointment.booked')
		expect(message.data).to.include({ id: appointmentId, doctorId: doctor.id, startsAt, status: 'booked' })
		expect(request.headers['webhook-id']).to.equal((await deliveriesOf(id))[0].messageId)
		expect(() => new Webhook(secret).verify(`${request.body} `, headersOf(request))).to.throw()
	})

	it('hold ids and times, and no names', async () => {
		await aWebhook(['appointment.*', 'patient.*'])
		await book()
		await call(node, 'POST', '/patients', { token: admin.token, body: { fullName: 'Paula Payload', phone: '+49 30 998877' } })
		await deliver()
		expect(bodies().map(({ type }) => type)).to.have.members(['appointment.booked', 'patient.created'])
		expect(JSON.stringify(bodies())).to.not.match(/Wanda|Paula|998877/)
	})

	it('tell what subscribers asked for and nothing else', async () => {
		const [all, moved] = [await aWebhook(), await aWebhook(['appointment.rescheduled'])]
		const { id } = await book()
		const [slotId] = await someSlots(node, doctor.id, { count: 1, from: hoursAhead(nextHours++) })
		await call(node, 'POST', `/appointments/${id}/reschedule`, { token: patient.token, body: { slotId } })
		await cancel(id)
		const { id: arrived } = await book()
		await node.db('appointments').where({ id: arrived }).update({ status: 'checked_in' })
		const events = async (endpoint: { id: string }) =>
			(await deliveriesOf(endpoint.id)).map(({ event }: { event: string }) => event).reverse()
		expect(await events(all)).to.deep.equal([
			'appointment.booked',
			'appointment.rescheduled',
			'appointment.cancelled',
			'appointment.booked',
			'appointment.status',
		])
		expect(await events(moved)).to.deep.equal(['appointment.rescheduled'])
	})

	it('are written with the booking and not without it', async () => {
		const { id } = await aWebhook()
		const { id: appointmentId } = await book()
		await node.db
			.transaction(async trx => {
				await trx('appointments').where({ id: appointmentId }).update({ status: 'no_show' })
				throw new Error('undone')
			})
			.catch(() => {})
		expect(await deliveriesOf(id)).to.have.length(1)
	})

	it('write nothing while there is no endpoint', async () => {
		await cancel((await book()).id)
		expect(await node.db('webhook_deliveries')).to.deep.equal([])
	})

	it('lose nothing and keep the order of each appointment while the receiver is down for an hour', async () => {
		await aWebhook()
		receiver.answer = () => ({ status: 503 })
		const [one, other] = [await book(), await book()]
		await cancel(one.id)
		await deliver()
		expect(bodies().map(({ type, data }) => [type, data.id])).to.have.deep.members([
			['appointment.booked', one.id],
			['appointment.booked', other.id],
		])
		for (aheadMs = 0; aheadMs < hourMs; aheadMs += hourMs / 12) await deliver()
		expect(bodies().some(({ type }) => type === 'appointment.cancelled')).to.equal(false)

		receiver.requests.length = 0
		receiver.answer = () => ({ status: 200 })
		aheadMs = 4 * hourMs
		await deliver()
		expect(bodies().map(({ type, data }) => `${type} ${data.id}`)).to.have.members([
			`appointment.booked ${one.id}`,
			`appointment.booked ${other.id}`,
			`appointment.cancelled ${one.id}`,
		])
		const types = bodies().flatMap(({ type, data }) => (data.id === one.id ? [type] : []))
		expect(types).to.deep.equal(['appointment.booked', 'appointment.cancelled'])
	})

	it('are tried again when the receiver is too slow, under the same id', async () => {
		const { id } = await aWebhook()
		receiver.answer = () => 'hang'
		await book()
		await deliver()
		expect((await deliveriesOf(id))[0]).to.include({ status: 'due', attempts: 1, error: 'no answer within 0.5 s' })
		receiver.answer = () => ({ status: 204 })
		aheadMs = 10_000
		await deliver()
		expect((await deliveriesOf(id))[0]).to.include({ status: 'delivered', attempts: 2, answerCode: 204 })
		const [first, second] = receiver.requests as [WebRequest, WebRequest]
		expect(first.headers['webhook-id']).to.equal(second.headers['webhook-id'])
	})

	it('do not wait for a slow receiver of another endpoint', async () => {
		const slow = await aWebhook(['appointment.*'], `${receiver.url}/slow`)
		const quick = await aWebhook(['appointment.*'], `${receiver.url}/quick`)
		receiver.answer = ({ path }) => (path === '/slow' ? 'hang' : { status: 200 })
		await book()
		const delivering = deliver({ allowsPrivate: true, timeoutMs: 3000 })
		await waitFor(async () => (await deliveriesOf(quick.id))[0].status === 'delivered', 'the quick one')
		expect((await deliveriesOf(slow.id))[0].status).to.equal('due')
		await delivering
	})

	it('end when the receiver answers 410, and admins see why', async () => {
		const { id } = await aWebhook()
		receiver.answer = () => ({ status: 410 })
		await book()
		await deliver()
		const [listed] = (await asAdmin('GET', '/admin/webhooks')).body.items
		expect(listed).to.include({ id, status: 'disabled', disabledBecause: 'gone' })
		expect(await node.db('audit_log').where({ entity: 'webhook', entity_id: id, action: 'disabled' })).to.have.length(1)
		await book()
		expect(await deliveriesOf(id)).to.have.length(1)
	})

	it('end after days of failure, and deliver what was due when they are enabled again', async () => {
		const { id } = await aWebhook()
		receiver.answer = () => ({ status: 500 })
		await book()
		for (let day = 0; day <= 3.5; day += 0.5) {
			aheadMs = day * 24 * hourMs
			await deliver()
		}
		expect((await asAdmin('GET', '/admin/webhooks')).body.items[0]).to.include({ status: 'disabled', disabledBecause: 'failing' })
		receiver.answer = () => ({ status: 200 })
		expect((await asAdmin('PATCH', `/admin/webhooks/${id}`, { enabled: true })).body.status).to.equal('active')
		await deliver()
		const [delivery] = await deliveriesOf(id)
		expect(delivery.status).to.equal('delivered')
		expect((await asAdmin('GET', '/admin/webhooks')).body.items[0]).to.not.have.property('failingSince')
	})

	it('carry signatures of both secrets while a rotation overlaps, and then only the new one', async () => {
		const { id, secret } = await aWebhook()
		const { secret: next } = (await asAdmin('POST', `/admin/webhooks/${id}/rotate`, { overlapMinutes: 60 })).body
		await book()
		await deliver()
		const [both] = receiver.requests as [WebRequest]
		for (const each of [secret, next]) new Webhook(each).verify(both.body, headersOf(both))
		await node.db('webhook_endpoints').update({ former_until: new Date(Date.now() - 1000) })
		await book()
		await deliver()
		const last = receiver.requests.at(-1) as WebRequest
		new Webhook(next).verify(last.body, headersOf(last))
		expect(() => new Webhook(secret).verify(last.body, headersOf(last))).to.throw()
	})

	it('are replayed under the same id when an admin asks', async () => {
		const { id } = await aWebhook()
		await book()
		await deliver()
		const [{ id: deliveryId }] = await deliveriesOf(id)
		const replayed = await asAdmin('POST', `/admin/webhooks/${id}/deliveries/${deliveryId}/replay`)
		expect([replayed.status, replayed.body.status]).to.deep.equal([202, 'due'])
		await deliver()
		const [first, second] = receiver.requests as [WebRequest, WebRequest]
		expect(first.headers['webhook-id']).to.equal(second.headers['webhook-id'])
		expect(String(first.body)).to.equal(String(second.body))
	})

	it('are delivered once when two processes look at the same time', async () => {
		await aWebhook()
		for (let count = 0; count < 6; count++) await book()
		await Promise.all([deliver(), deliver(), deliver()])
		await deliver()
		const ids = receiver.requests.map(({ headers }) => headers['webhook-id'])
		expect([ids.length, new Set(ids).size]).to.deep.equal([6, 6])
	})

	it('are delivered again when their process died in between', async () => {
		const { id } = await aWebhook()
		await book()
		await node.db('webhook_deliveries').update({ leased_until: new Date(Date.now() + 60_000) })
		await deliver()
		expect(receiver.requests).to.have.length(0)
		aheadMs = 61_000
		await deliver()
		expect((await deliveriesOf(id))[0].status).to.equal('delivered')
	})

	it('keep their secret out of lists, the database and the audit log', async () => {
		const { secret } = await aWebhook()
		const seen = [
			(await asAdmin('GET', '/admin/webhooks')).body,
			await node.db('webhook_endpoints').select(node.db.raw(`secret::text, encode(secret, 'escape')`)),
			await node.db('audit_log').select(),
		]
		expect(JSON.stringify(seen)).to.not.include(secret.slice('whsec_'.length, -4))
		expect(secret).to.match(/^whsec_[\w+/]{43}=$/)
	})
})

describe('a worker', () => {
	const node = useNode({ WEBHOOK_PRIVATE: 'on' })
	const receiver = useWebService(() => ({ status: 200 }))

	it('delivers webhooks soon after the event', async () => {
		const admin = await anAdmin(node)
		await call(node, 'POST', '/admin/webhooks', { token: admin.token, body: { url: receiver.url, events: ['patient.*'] } })
		await aPatient(node)
		await waitFor(() => receiver.requests.length === 1, 'the message')
	})
})
