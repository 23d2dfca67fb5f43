import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { keyOf } from '../../server/platform/mailbox/mailbox.ts'
import { createRedis, type Redis } from '../../server/platform/redis/redis.ts'
import { parseSlotId } from '../../server/slots/slot-id.ts'
import { bookLive, somePatients } from '../booking/desk.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { aDoctor, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, type Client, closeSockets, ok } from '../support/watcher.ts'
import type { SeenSpan } from './a-receiver.ts'
import { type LogLine, levels, useObservedNodes } from './observed-nodes.ts'

describe('a booking can be followed', function () {
	this.slow(10_000)
	const { nodes, traces, lines, linesOf } = useObservedNodes(2)
	const [one, two] = nodes as [(typeof nodes)[number], (typeof nodes)[number]]
	let redis: Redis
	let patients: [Person, Person]
	let sockets: [Client, Client]
	let doctor: Person
	before(async () => {
		redis = createRedis({ url: one.redisUrl, name: 'test' })
		patients = (await somePatients(one, 2)) as [Person, Person]
		sockets = [await aSocket(one, patients[0].token), await aSocket(two, patients[1].token)]
		doctor = await aDoctor(one)
	})
	after(() => {
		closeSockets()
		redis.disconnect()
	})

	const isAllSent = (expected: (spans: SeenSpan[]) => boolean) => waitFor(() => expected(traces.spans), 'the traces', 15_000)

	function named(spans: SeenSpan[], name: string) {
		const span = spans.find(each => each.name === name)
		if (!span) throw new Error(`no span ${name} among ${spans.map(each => each.name)}`)
		return span
	}

	let nextDay = 1

	/** Makes the second node settle a booking of the first: a row lock holds up its batch until that booking is in the mailbox. */
	async function bookAcross(): Promise<LogLine | undefined> {
		const [first, second] = (await someSlots(one, doctor.id, { count: 2, from: hoursAhead(24 * nextDay++) })) as [string, string]
		const trx = await one.db.transaction()
		const startsAt = new Date((parseSlotId(first)?.startMinute ?? 0) * 60_000)
		await trx('appointment_slots').where({ doctor_id: doctor.id, starts_at: startsAt }).forUpdate().select('starts_at')
		const before = lines.length
		const busy = bookLive(sockets[1], first)
		await waitFor(async () => (await redis.exists(keyOf.lease(doctor.id))) === 1, 'the second node to have the lock')
		const waiting = bookLive(sockets[0], second)
		await waitFor(async () => (await redis.xlen(keyOf.stream(doctor.id))) === 2, 'the second booking to be queued')
		await trx.rollback()
		for (const answer of await Promise.all([busy, waiting])) ok(answer)
		await waitFor(() => lines.slice(before).filter(({ msg }) => msg === 'event').length >= 2, 'both answers to be logged')
		return lines.slice(before).find(({ msg, node, askedNode }) => msg === 'settled' && node !== askedNode)
	}

	it('from the socket of one node to the commit on another, by request id in logs and by trace', async () => {
		let settled: LogLine | undefined
		// On a slow machine the first node may drain the mailbox itself: then try again.
		for (let tries = 0; tries < 6 && !settled; tries++) settled = await bookAcross()
		const { requestId, askedNode, node, traceId } = settled as LogLine & { requestId: string; traceId: string }
		expect(settled).to.include({ level: levels.info, kind: 'book', outcome: 'ok', doctorId: doctor.id })
		const event = linesOf(requestId).find(({ msg }) => msg === 'event')
		expect(event).to.include({ node: askedNode, event: 'appointment:book', outcome: 'ok' })
		expect(node).not.to.equal(askedNode)
		const [audit] = await one.db('audit_log').where({ action: 'booked', request_id: requestId })
		expect(String(audit.actor_id)).to.equal(patients[0].id)

		const ofTrace = () => traces.spans.filter(span => span.traceId === traceId)
		await isAllSent(() => ['appointment:book', 'settled', 'drain', 'publish'].every(name => ofTrace().some(span => span.name === name)))
		const asked = named(ofTrace(), 'appointment:book')
		expect(asked).to.include({ node: askedNode, parentSpanId: undefined, failed: false })
		expect(asked.attributes).to.deep.equal({ 'liveslot.request_id': requestId, 'liveslot.outcome': 'ok' })
		const queued = named(ofTrace(), 'queue')
		expect(queued).to.include({ node: askedNode, parentSpanId: asked.spanId })
		const drain = named(ofTrace(), 'drain')
		expect(drain).to.include({ node, parentSpanId: queued.spanId })
		const settledSpan = named(ofTrace(), 'settled')
		expect(settledSpan).to.include({ node, parentSpanId: drain.spanId })
		expect(settledSpan.attributes).to.include({ 'liveslot.request_id': requestId, 'liveslot.kind': 'book', 'liveslot.outcome': 'ok' })
		const statements = ofTrace().filter(({ name, parentSpanId }) => name.startsWith('postgresql ') && parentSpanId === drain.spanId)
		expect(statements.map(({ name }) => name)).to.include('postgresql settle')
		expect(named(ofTrace(), 'publish').parentSpanId).to.equal(drain.spanId)
	})

	it('from an HTTP call, under the request id and the trace of its caller', async () => {
		const requestId = `desk-${randomBytes(6).toString('hex')}`
		const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
		const [slotId] = await someSlots(one, doctor.id, { from: hoursAhead(24 * nextDay++) })
		const answer = await call(two, 'POST', '/appointments', {
			token: patients[0].token,
			body: { slotId },
			headers: { 'x-request-id': requestId, traceparent: `00-${traceId}-${spanId}-01` },
		})
		expect(answer.status).to.equal(201)
		expect(answer.headers.get('x-request-id')).to.equal(requestId)
		await waitFor(() => linesOf(requestId).length >= 2, 'both lines')
		expect(linesOf(requestId).find(({ msg }) => msg === 'request')).to.include({ route: '/api/v1/appointments', status: 201 })
		expect(linesOf(requestId).find(({ msg }) => msg === 'settled')).to.include({ traceId, outcome: 'ok' })
		const ofTrace = () => traces.spans.filter(span => span.traceId === traceId)
		await isAllSent(() => ofTrace().some(({ name }) => name === 'POST /api/v1/appointments'))
		expect(named(ofTrace(), 'POST /api/v1/appointments')).to.include({ parentSpanId: spanId })
		expect(named(ofTrace(), 'settled').attributes['liveslot.request_id']).to.equal(requestId)
	})

	it('when it shares its batch: each trace has its own settlement, linked to the batch', async () => {
		const slotIds = await someSlots(one, doctor.id, { count: 2, from: hoursAhead(24 * nextDay++) })
		await redis.set(keyOf.lease(doctor.id), 'of a node that died', 'PX', 2500)
		const before = lines.length
		await Promise.all(sockets.map(async (socket, index) => ok(await bookLive(socket, slotIds[index] as string))))
		const settledSince = () =>
			lines.slice(before).filter(({ msg }) => msg === 'settled') as (LogLine & { traceId: string; requests: number })[]
		// The node answers callers before it logs.
		await waitFor(() => settledSince().length >= 2, 'both lines')
		const settled = settledSince()
		expect(settled.map(({ requests }) => requests)).to.deep.equal([2, 2])
		const spanOf = ({ traceId }: { traceId: string }) => traces.spans.find(span => span.traceId === traceId && span.name === 'settled')
		await isAllSent(() => settled.every(line => spanOf(line)))
		const drains = traces.spans.filter(({ name, traceId }) => name === 'drain' && settled.some(line => line.traceId === traceId))
		expect(drains).to.have.length(1)
		const [drain] = drains as [SeenSpan]
		expect(drain.attributes).to.include({ 'liveslot.batch.requests': 2, 'liveslot.batch.doctors': 1 })
		expect(drain.links).to.have.length(1)
		for (const line of settled) {
			const span = spanOf(line) as SeenSpan
			if (line.traceId === drain.traceId) expect(span).to.include({ parentSpanId: drain.spanId })
			else expect(span.links).to.deep.equal([drain.spanId])
		}
	})
})
