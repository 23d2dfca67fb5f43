import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { keyOf } from '../../server/platform/mailbox/mailbox.ts'
import { createRedis, type Redis } from '../../server/platform/redis/redis.ts'
import { ackCode, book, bookLive, cancel, codeOf, done, somePatients } from '../booking/desk.ts'
import { hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { type Scraped, scrape } from '../support/figures.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, type Client, closeSockets, ok } from '../support/watcher.ts'
import { readQuery } from './a-query.ts'
import { queries, recordings } from './rules.ts'

const token = 'only for the scraper'

describe('the figures of a node', () => {
	const node = useNode({ METRICS_TOKEN: token })
	const figures = () => scrape(node, token)
	let redis: Redis
	let patients: Person[] = []
	let sockets: Client[] = []
	before(async () => {
		redis = createRedis({ url: node.redisUrl, name: 'test' })
		patients = await somePatients(node, 5)
		sockets = await Promise.all(patients.map(each => aSocket(node, each.token)))
	})
	after(() => {
		closeSockets()
		redis.disconnect()
	})

	let nextDay = 1
	/** Slots of a day that no other test uses, because a patient cannot have two visits at once. */
	const slotsOf = (doctorId: string, count: number) => someSlots(node, doctorId, { count, from: hoursAhead(24 * nextDay++) })

	/** Watches, holds, books, is refused and cancels, all with one doctor. */
	async function aVisitTo(doctorId: string) {
		const [held, wanted, other] = (await slotsOf(doctorId, 3)) as [string, string, string]
		await aWatcher(sockets[4]!, doctorId, soon())
		ok(await sockets[0]!.emitWithAck('slot:hold', { slotId: held }))
		ok(await bookLive(sockets[1]!, wanted))
		expect(ackCode(await bookLive(sockets[2]!, wanted))).to.equal('slot_booked')
		const booked = done(await book(node, patients[3]!, other))
		done(await cancel(node, patients[3]!, booked.id))
	}

	/** How much a figure has risen. */
	const rise = (before: Scraped, after: Scraped, name: string, labels: Record<string, string> = {}) =>
		(after.sum(`liveslot_${name}`, labels) ?? 0) - (before.sum(`liveslot_${name}`, labels) ?? 0)

	it('are for the scraper only when a token is set', async () => {
		for (const authorization of [undefined, 'Bearer something else']) {
			const answer = await fetch(`${node.url}/metrics`, authorization ? { headers: { authorization } } : {})
			expect(answer.status).to.equal(401)
			expect(await answer.text()).not.to.include('liveslot_')
		}
	})

	it('count bookings by outcome, batches, holds, watchers, changes and frames', async () => {
		const before = await figures()
		await aVisitTo((await aDoctor(node)).id)
		await waitFor(async () => rise(before, await figures(), 'feed_delivery_seconds_count') > 0, 'the feed to be measured')
		const after = await figures()
		const more = (name: string, labels?: Record<string, string>) => rise(before, after, name, labels)
		expect(more('bookings_total', { kind: 'book', outcome: 'ok' })).to.equal(2)
		expect(more('bookings_total', { kind: 'book', outcome: 'slot_booked' })).to.equal(1)
		expect(more('bookings_total', { kind: 'cancel', outcome: 'ok' })).to.equal(1)
		expect(more('bookings_total')).to.equal(4)
		expect(more('drain_batch_requests_sum'), 'requests in batches').to.equal(4)
		expect(more('queue_wait_seconds_count'), 'queues that were taken').to.equal(more('drain_batch_requests_count'))
		expect(more('doctor_lock_taken_total')).to.equal(more('drain_batch_requests_count'))
		expect(more('socket_events_total', { event: 'appointment:book', outcome: 'slot_booked' })).to.equal(1)
		expect(more('http_requests_total', { route: '/api/v1/appointments', method: 'POST', status: '201' })).to.equal(1)
		expect(more('holds')).to.equal(1)
		expect(more('calendar_watchers')).to.equal(1)
		// One slot held, two booked, one freed.
		expect(more('calendar_changes_total')).to.equal(4)
		expect(more('fan_out_seconds_count')).to.equal(more('calendar_frames_total'))
		expect(after.sum('liveslot_sockets')).to.equal(5)
		expect(after.sum('liveslot_booking_callers_waiting')).to.equal(0)
		expect(after.sum('liveslot_errors_total')).to.equal(0)
	})

	it('show stalled mailboxes: how many, how deep, for how long, and that another owner has the lease', async () => {
		const before = await figures()
		const { id } = await aDoctor(node)
		const slotIds = await slotsOf(id, 4)
		await redis.set(keyOf.lease(id), 'of a node that died', 'PX', 4000)
		const answers = Promise.all(slotIds.map((slotId, index) => bookLive(sockets[index]!, slotId)))
		await waitFor(async () => ((await figures()).sum('liveslot_queues_stalled') ?? 0) > 0, 'the queue to be found')
		const stalled = await figures()
		expect(stalled.sum('liveslot_queue_stalled_seconds')).to.be.within(1, 10)
		expect(rise(before, stalled, 'queue_stalled_depth_requests_bucket', { le: '5' })).to.be.at.least(1)
		expect(rise(before, stalled, 'queue_stalled_depth_requests_bucket', { le: '2' })).to.equal(0)
		expect(rise(before, stalled, 'doctor_lock_contended_total')).to.be.at.least(1)
		expect(stalled.sum('liveslot_booking_callers_waiting')).to.equal(4)
		expect((await answers).map(ackCode)).to.deep.equal(['ok', 'ok', 'ok', 'ok'])
		await waitFor(async () => (await figures()).sum('liveslot_queues_stalled') === 0, 'the queue to be settled')
		const after = await figures()
		expect(rise(before, after, 'queue_depth_requests_sum'), 'all four were found').to.equal(4)
		expect(rise(before, after, 'queue_wait_seconds_sum')).to.be.within(1, 12)
		expect(after.sum('liveslot_queue_stalled_seconds')).to.equal(0)
	})

	it('show how late a job started, how long it took, its outcome, and the outcome of messages', async () => {
		const before = await figures()
		const admin = await anAdmin(node)
		expect(codeOf(await call(node, 'POST', '/admin/jobs/clean%20up/run', { token: admin.token, body: {} }))).to.equal('ok')
		await waitFor(async () => rise(before, await figures(), 'jobs_total', { name: 'clean up', outcome: 'ok' }) === 1, 'the run', 15_000)
		const after = await figures()
		expect(rise(before, after, 'job_lag_seconds_count', { name: 'clean up' })).to.equal(1)
		expect(rise(before, after, 'job_lag_seconds_sum', { name: 'clean up' })).to.be.within(0, 12)
		expect(rise(before, after, 'job_seconds_count', { name: 'clean up' })).to.equal(1)
		expect(after.sum('liveslot_jobs_total', { outcome: 'failed' })).to.equal(0)
		expect(after.sum('liveslot_job_overdue_seconds', { name: 'clean up' })).to.be.below(5)
		await waitFor(async () => ((await figures()).sum('liveslot_notifications_total', { outcome: 'sent' }) ?? 0) > 0, 'the letters')
		expect(after.sum('liveslot_notifications_overdue')).to.equal(0)
	})

	it('show messages that no worker has sent in time', async () => {
		const queued = await node.db('notification_queue').where({ status: 'sent' }).first('id')
		const late = new Date(Date.now() - 400_000)
		await node.db('notification_queue').where({ id: queued.id }).update({ status: 'due', due_at: late, retry_at: null, leased_until: null })
		const overdue = (await figures()).sum('liveslot_notifications_overdue', { channel: 'email' })
		await node.db('notification_queue').where({ id: queued.id }).update({ status: 'void' })
		expect(overdue).to.equal(1)
	})

	it('get no new series from further doctors, patients or requests', async () => {
		const seriesOf = ({ figures: all }: Scraped) => new Set(all.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`))
		const doctors: string[] = []
		while (doctors.length < 3) doctors.push((await aDoctor(node)).id)
		await aVisitTo(doctors[0]!)
		const known = seriesOf(await figures())
		for (const doctorId of doctors.slice(1)) await aVisitTo(doctorId)
		for (const path of ['/doctors', '/doctors/', `/${randomUUID()}`]) await call(node, 'GET', path)
		await fetch(`${node.url}/visit/${randomUUID()}?name=Somebody`, { method: 'PROPFIND' })
		const added = [...seriesOf(await figures())].filter(series => !known.has(series))
		expect(
			added.filter(series => !series.startsWith('liveslot_http_') && !series.startsWith('liveslot_nodejs_')),
			'new series',
		).to.deep.equal([])
		expect(
			added.filter(series => /Somebody|[0-9a-f]{8}-|PROPFIND/.test(series)),
			'what a client made up',
		).to.deep.equal([])
	})

	it('have no labels that Prometheus sets itself', async () => {
		const names = new Set((await figures()).figures.flatMap(({ labels }) => Object.keys(labels)))
		expect([...names].filter(name => ['job', 'instance', '__name__'].includes(name))).to.deep.equal([])
		expect([...names]).to.include.members(['kind', 'outcome', 'event', 'route', 'name', 'channel', 'state', 'dependency', 'le'])
	})

	it('include every name and label that the dashboard and the alerts ask for', async () => {
		const { figures: exported } = await figures()
		const labelsOf = new Map<string, Set<string>>()
		for (const { name, labels } of exported) labelsOf.set(name, new Set([...(labelsOf.get(name) ?? []), ...Object.keys(labels)]))
		// Prometheus sets these, and the rules record those.
		const targetLabels = ['job', 'instance']
		for (const { record } of recordings) labelsOf.set(record, new Set())
		labelsOf.set('up', new Set())
		labelsOf.set('ALERTS', new Set(['alertname', 'alertstate']))
		for (const { where, expr } of queries()) {
			const { selected, groupedBy } = readQuery(expr)
			expect(selected, where).not.to.deep.equal([])
			for (const { metric, labels } of selected) {
				expect([...labelsOf.keys()], where).to.include(metric)
				expect([...(labelsOf.get(metric) ?? []), ...targetLabels], `${where}: ${metric}`).to.include.members(labels)
			}
			const known = selected.flatMap(({ metric }) => [...(labelsOf.get(metric) ?? []), ...targetLabels])
			expect([...known, 'alertname'], `${where}: by`).to.include.members(groupedBy)
		}
	})
})
