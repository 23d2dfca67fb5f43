import { expect } from 'chai'
import { Redis } from 'ioredis'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, type Person } from '../support/people.ts'
import { startProcessNode } from '../support/processes.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets } from '../support/watcher.ts'
import { aDesk, aLineWatcher, aVisit, siteOf } from './a-line.ts'

describe('a line, when something breaks', function () {
	this.timeout(60_000)
	const [node, other] = useNodes(2)
	afterEach(closeSockets)

	let doctor: Person
	let desk: Awaited<ReturnType<typeof aDesk>>
	beforeEach(async () => {
		doctor = await aDoctor(node!)
		desk = await aDesk(node!)
	})

	it('is told by another node when its own was killed right after the commit of a call', async () => {
		const visit = await aVisit(node!, doctor)
		const { ticket } = (await desk.checkIn(visit)).body
		const watcher = await aLineWatcher(await aSocket(other!, desk.token), { siteId: await siteOf(node!) })
		await waitFor(() => watcher.statuses()[ticket] === 'waiting', 'the arrival')
		await waitFor(async () => (await node!.db('room_announcements')).length === 0, 'nothing left to tell')
		const doomed = await startProcessNode(node!)
		const redis = new Redis(node!.redisUrl)
		try {
			// The announcement goes through Redis, which delays it until the node is dead.
			await redis.call('CLIENT', 'PAUSE', 10_000, 'WRITE')
			const calling = call(doomed, 'POST', `/appointments/${visit.id}/call`, { token: desk.token, body: { room: '1' } }).catch(() => {})
			const isCalled = async () => (await node!.db('visit_times').where('appointment_id', visit.id).first()).called_at !== null
			await waitFor(isCalled, 'the commit', 6000)
			await doomed.stop('SIGKILL')
			await calling
			expect(watcher.statuses()[ticket]).to.equal('waiting')
		} finally {
			await doomed.stop('SIGKILL')
			await redis.call('CLIENT', 'UNPAUSE')
			redis.disconnect()
		}
		await waitFor(() => watcher.statuses()[ticket] === 'called', 'the call')
		await waitFor(async () => (await node!.db('room_announcements')).length === 0, 'the record to be removed')
		expect(watcher.gaps()).to.equal(0)
	})

	it('goes on under contiguous versions when Redis has lost everything', async () => {
		const visit = await aVisit(node!, doctor)
		const { ticket } = (await desk.checkIn(visit)).body
		const watcher = await aLineWatcher(await aSocket(other!, desk.token), { doctorId: doctor.id })
		const redis = new Redis(node!.redisUrl)
		await redis.flushall()
		redis.disconnect()
		for (const [act, status] of [
			[() => desk.stepOut(visit), 'out'],
			[() => desk.stepIn(visit), 'waiting'],
			[() => desk.call(visit), 'called'],
		] as const) {
			expect((await act()).status).to.equal(200)
			await waitFor(() => watcher.statuses()[ticket] === status, status)
		}
		expect(watcher.gaps()).to.equal(0)
	})

	it('keeps up with an hour of calls in a few seconds, and has the last of them', async () => {
		const visits = await Promise.all([0, 10, 20, 30].map(inMinutes => aVisit(node!, doctor, { inMinutes })))
		const tickets: string[] = []
		for (const visit of visits) tickets.push((await desk.checkIn(visit)).body.ticket)
		const siteId = await siteOf(node!)
		const watcher = await aLineWatcher(await aSocket(node!, desk.token), { siteId })
		const [first] = visits
		const acts = 400
		for (let turn = 0; turn < acts; turn++) {
			await node!
				.db('visit_times')
				.where('appointment_id', first!.id)
				.update({ called_at: turn % 2 ? null : new Date() })
			await node!.db('room_announcements').insert({ doctor_id: doctor.id, site_id: siteId })
			await new Promise(resolve => setTimeout(resolve, 5))
		}
		await desk.stepOut(first!)
		await waitFor(() => watcher.statuses()[tickets[0] as string] === 'out', 'the last act')
		expect(watcher.gaps()).to.equal(0)
		expect(watcher.changes.length, 'changes share frames when they come faster than they are read').to.be.below(acts)
		expect(watcher.entries()).to.have.length.of.at.least(visits.length)
	})
})
