import { expect } from 'chai'
import { Redis } from 'ioredis'
import { loadConfig } from '../../server/config.ts'
import { createPipeline, type Pipeline } from '../../server/platform/database/pipeline.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createAnnouncements } from '../../server/slots/announcements.ts'
import { hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { testEnvironment } from '../support/environment.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { startProcessNode } from '../support/processes.ts'
import { useDatabase } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, type Watcher } from '../support/watcher.ts'

/** The time that promise 3 allows. */
const toldWithinMs = 1000

describe('a change of a calendar without a request', function () {
	this.timeout(40_000)
	const [node, other] = useNodes(2)
	afterEach(closeSockets)

	let doctor: Person
	let patient: Person
	let slots: string[]
	beforeEach(async () => {
		doctor = await aDoctor(node!)
		patient = await aPatient(node!, { fullName: 'Name Before' })
		slots = await someSlots(node!, doctor.id, { count: 8 })
		const booked = await call(node!, 'POST', '/appointments', { token: patient.token, body: { slotId: slots[7] } })
		expect(booked.status).to.equal(201)
	})

	type Change = {
		prepare?: () => Promise<void>
		make: (on: { url: string }) => Promise<unknown>
		/** Whether the change is in the database. */
		isMade: () => Promise<boolean>
		isSeen: (watcher: Watcher) => boolean
	}

	const asAdmin = async (on: { url: string }, path: string, body: unknown) =>
		call(on, 'PATCH', path, { token: (await anAdmin(node!)).token, body })
	/** Doctors with visits to come stay. */
	const cancelVisit = async () => {
		const [{ id }] = await node!.db('appointments').where({ doctor_id: doctor.id }).select('id')
		expect((await call(node!, 'POST', `/appointments/${id}/cancel`, { token: patient.token, body: {} })).status).to.equal(200)
	}
	const statesOf = (watcher: Watcher) => slots.map(slotId => watcher.stateOf(slotId)?.[0]).join('')
	const nameOn = (watcher: Watcher) => watcher.picture.get(slots[7]!)?.appointment?.patientName
	const userIs = async (fields: Record<string, string>) => (await node!.db('users').where({ id: doctor.id, ...fields })).length === 1
	const patientIs = async (fullName: string) => (await node!.db('patients').where({ id: patient.id, full_name: fullName })).length === 1

	const changes: Record<string, Change> = {
		'time off': {
			make: async on => {
				const body = { startsAt: hoursAhead(24).toISOString(), endsAt: hoursAhead(25).toISOString() }
				return await call(on, 'POST', `/doctors/${doctor.id}/time-off`, { token: doctor.token, body })
			},
			isMade: async () => (await node!.db('time_off').where({ doctor_id: doctor.id })).length === 1,
			isSeen: watcher => statesOf(watcher) === 'bbfffffb',
		},
		'a doctor who is disabled': {
			prepare: cancelVisit,
			make: on => asAdmin(on, `/admin/users/${doctor.id}`, { status: 'disabled' }),
			isMade: () => userIs({ status: 'disabled' }),
			isSeen: watcher => statesOf(watcher) === 'bbbbbbbb',
		},
		'a doctor who works at the desk now': {
			prepare: cancelVisit,
			make: on => asAdmin(on, `/admin/users/${doctor.id}`, { role: 'receptionist' }),
			isMade: () => userIs({ role: 'receptionist' }),
			isSeen: watcher => statesOf(watcher) === 'bbbbbbbb',
		},
		'a patient whom the desk renames': {
			make: async on =>
				call(on, 'PATCH', `/patients/${patient.id}`, { token: (await aReceptionist(node!)).token, body: { fullName: 'Name After' } }),
			isMade: () => patientIs('Name After'),
			isSeen: watcher => nameOn(watcher) === 'Name After',
		},
		'a patient whom an admin renames': {
			make: on => asAdmin(on, `/admin/users/${patient.id}`, { fullName: 'Name After' }),
			isMade: () => patientIs('Name After'),
			isSeen: watcher => nameOn(watcher) === 'Name After',
		},
		'a patient who changes their own name': {
			make: on => call(on, 'PATCH', '/me', { token: patient.token, body: { fullName: 'Name After' } }),
			isMade: () => patientIs('Name After'),
			isSeen: watcher => nameOn(watcher) === 'Name After',
		},
		'a patient who is erased': {
			make: on => call(on, 'DELETE', '/me', { token: patient.token, body: { password: patient.password } }),
			isMade: () => patientIs('Erased'),
			isSeen: watcher => watcher.stateOf(slots[7]!) === 'free',
		},
	}

	const watching = async () => aWatcher(await aSocket(other!, (await aReceptionist(node!)).token), doctor.id, soon())
	const seenInTime = async (watcher: Watcher, { isSeen }: Change, sinceMs: number) => {
		await waitFor(() => isSeen(watcher), 'watchers to be told')
		expect(performance.now() - sinceMs).to.be.lessThan(toldWithinMs)
		// Watchers are told before the transaction that removes the record commits.
		await waitFor(async () => (await node!.db('calendar_announcements')).length === 0, 'the record to be removed')
	}

	for (const [title, change] of Object.entries(changes))
		it(`is published at once: ${title}`, async () => {
			await change.prepare?.()
			const watcher = await watching()
			const answer = (await change.make(node!)) as { status: number }
			expect(answer.status).to.be.within(200, 204)
			await seenInTime(watcher, change, performance.now())
		})

	for (const [title, change] of Object.entries(changes).filter(([title]) => title !== 'a patient who is erased'))
		it(`is published by another node when its own was killed right after the commit: ${title}`, async () => {
			await change.prepare?.()
			const watcher = await watching()
			const doomed = await startProcessNode(node!)
			const admin = new Redis(node!.redisUrl)
			try {
				// The announcement goes through Redis, which delays it until the node is dead.
				await admin.call('CLIENT', 'PAUSE', 10_000, 'WRITE')
				const making = change.make(doomed).catch(() => {})
				await waitFor(change.isMade, 'the commit', 4000)
				await doomed.stop('SIGKILL')
				await making
			} finally {
				await doomed.stop('SIGKILL')
				await admin.call('CLIENT', 'UNPAUSE')
				admin.disconnect()
			}
			await seenInTime(watcher, change, performance.now())
		})
})

describe('announcements of changes of calendars', () => {
	const database = useDatabase()
	let pipeline: Pipeline
	before(() => {
		pipeline = createPipeline({ url: database.url, connections: 1, prepare: true, log: createLog('silent') })
	})
	after(() => pipeline.stop())

	const aCalendar = async () => (await aDoctor({ db: database.db, config: loadConfig(testEnvironment('/tmp')) })).id
	const announcing = (announce: (doctorId: string, startsAt?: readonly Date[]) => Promise<void>) =>
		createAnnouncements({ db: database.db, run: pipeline.run, log: createLog('silent'), announce })
	const starts = (count: number) => Array.from({ length: count }, (_, n) => new Date((n + 1) * 60_000))
	const left = async () => (await database.db('calendar_announcements')).length

	it('name few slots, and the whole calendar instead of many', async () => {
		const [doctorId, told] = [await aCalendar(), [] as string[]]
		const announcements = announcing(
			async (_, startsAt) => void told.push(startsAt ? `${startsAt.length} from ${startsAt[0]!.getTime()}` : 'all'),
		)
		await database.db.transaction(async trx => {
			await announcements.write(trx, [{ doctorId, startsAt: [] }])
			await announcements.write(trx, [{ doctorId, startsAt: starts(300) }, { doctorId, startsAt: starts(301) }, { doctorId }])
		})
		await announcements.tell()
		expect(told).to.deep.equal(['300 from 60000', 'all', 'all'])
		expect(await left()).to.equal(0)
		await announcements.stop()
	})

	it('are not published when their transaction is rolled back', async () => {
		const [doctorId, told] = [await aCalendar(), [] as string[]]
		const announcements = announcing(async doctor => void told.push(doctor))
		await database.db
			.transaction(async trx => {
				await announcements.write(trx, [{ doctorId }])
				throw new Error('rolled back')
			})
			.catch(() => {})
		await announcements.tell()
		expect(told).to.deep.equal([])
		await announcements.stop()
	})

	it('stay recorded when they cannot be published, and the sweep publishes them', async () => {
		const [away, fine] = [await aCalendar(), await aCalendar()]
		const told: string[] = []
		let isAway = true
		const announcements = announcing(async doctorId => {
			if (doctorId === away && isAway) throw new Error('Redis is away')
			told.push(doctorId)
		})
		await database.db.transaction(trx => announcements.write(trx, [{ doctorId: away }, { doctorId: fine }]))
		await announcements.tell()
		expect(told).to.deep.equal([fine])
		isAway = false
		await waitFor(() => told.length === 2, 'the sweep')
		expect(told).to.deep.equal([fine, away])
		await announcements.stop()
	})

	it('are published by one node only', async () => {
		const [doctorId, told] = [await aCalendar(), [] as string[]]
		const nodes = Array.from({ length: 3 }, () =>
			announcing(async doctor => {
				await new Promise(resolve => setTimeout(resolve, 50))
				told.push(doctor)
			}),
		)
		await database.db.transaction(trx =>
			nodes[0]!.write(
				trx,
				Array.from({ length: 150 }, () => ({ doctorId })),
			),
		)
		await Promise.all(nodes.map(each => each.tell()))
		await waitFor(async () => (await left()) === 0, 'all to be told')
		expect(told).to.have.length(150)
		await Promise.all(nodes.map(each => each.stop()))
	})

	it('are published by another node when one froze while publishing', async () => {
		const [doctorId, told] = [await aCalendar(), [] as string[]]
		const frozen = announcing(() => new Promise(resolve => setTimeout(resolve, 3000)))
		const awake = announcing(async doctor => void told.push(doctor))
		await database.db.transaction(trx => frozen.write(trx, [{ doctorId }]))
		const telling = frozen.tell()
		await waitFor(() => told.length > 0, 'another to tell', 2500)
		await telling
		await Promise.all([frozen.stop(), awake.stop()])
	})
})
