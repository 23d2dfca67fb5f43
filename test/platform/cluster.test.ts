import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { createRedis, type Redis } from '../../server/platform/redis/redis.ts'
import { createLimiters } from '../../server/platform/security/rate-limit.ts'
import { ackCode, book, bookLive, cancel, codeOf, done, hold, release, reschedule, somePatients } from '../booking/desk.ts'
import { mailsWhen } from '../reminders/a-clinic.ts'
import { hoursAhead, inconsistencies, overlaps, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aRecorder } from '../support/recorder.ts'
import { useRedisCluster } from '../support/redis-cluster.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, ok } from '../support/watcher.ts'

describe('two nodes on a Redis Cluster of three masters', function () {
	this.slow(2000)
	const cluster = useRedisCluster()
	// The second node settles bookings and leaves the letters to the first.
	const [one, two] = useNodes(2, { HOLD_SECONDS: '2' }, { redisUrl: () => cluster.url, each: [{}, { ROLE: 'web' }] })
	const connections: Redis[] = []
	afterEach(() => {
		closeSockets()
		for (const redis of connections.splice(0)) redis.disconnect()
	})

	/** One doctor for each master, in the masters' order, with some slots each. */
	const doctors: Person[] = []
	before(async () => {
		while (doctors.filter(Boolean).length < 3) {
			const doctor = await aDoctor(one!)
			doctors[cluster.masterOf(doctor.id)] ??= doctor
		}
	})
	let nextDay = 1
	const someDays = async () => {
		const from = hoursAhead(24 * nextDay++)
		return await Promise.all(doctors.map(({ id }) => someSlots(one!, id, { count: 6, from })))
	}
	const watching = async (node: { url: string }, doctor: Person) => aWatcher(await aSocket(node), doctor.id, soon())

	it('show holds and bookings to watchers at the other node, for doctors at every master', async () => {
		const slots = await someDays()
		await Promise.all(
			doctors.map(async (doctor, index) => {
				const [watcher, patient] = [await watching(two!, doctor), await aPatient(one!)]
				const socket = await aSocket(one!, patient.token)
				const [first, second] = slots[index] as [string, string]
				ok(await socket.emitWithAck('slot:hold', { slotId: first }))
				await waitFor(() => watcher.stateOf(first) === 'held', 'the hold to be seen', 1000)
				ok(await bookLive(socket, first))
				await waitFor(() => watcher.stateOf(first) === 'booked', 'the booking to be seen', 1000)
				ok(await socket.emitWithAck('slot:hold', { slotId: second }))
				ok(await socket.emitWithAck('slot:release', { slotId: second }))
				// Changes in quick succession share a frame.
				const changes = () => watcher.frames.flatMap(frame => frame.changes).length
				await waitFor(() => watcher.stateOf(second) === 'free' && changes() === 4, 'the release to be seen', 1000)
				expect(watcher.gaps).to.equal(0)
			}),
		)
	})

	it('give a contested slot to exactly one of fifty patients', async () => {
		const [[slotId]] = (await someDays()) as [[string]]
		const patients = await somePatients(one!, 50)
		const answers = await Promise.all(patients.map((patient, index) => book(index % 2 ? one! : two!, patient, slotId)))
		expect(answers.filter(({ status }) => status < 300)).to.have.length(1)
		expect(new Set(answers.map(codeOf))).to.deep.equal(new Set(['ok', 'slot_booked']))
	})

	it('move a visit to a doctor at another master, cancel it there, and show both', async () => {
		const slots = (await someDays()) as [[string], [string], [string]]
		const watchers = await Promise.all(doctors.map(doctor => watching(two!, doctor)))
		const patient = await aPatient(one!)
		const visit = done(await book(one!, patient, slots[0][0]))
		for (const [from, to] of [
			[0, 1],
			[1, 2],
			[2, 0],
		] as const) {
			done(await reschedule(two!, patient, visit.id, slots[to][0]))
			const seen = () => watchers[from]!.stateOf(slots[from][0]) === 'free' && watchers[to]!.stateOf(slots[to][0]) === 'booked'
			await waitFor(seen, 'the move to be seen', 2000)
		}
		done(await cancel(one!, patient, visit.id))
		await waitFor(() => watchers[0]!.stateOf(slots[0][0]) === 'free', 'the cancelling to be seen', 1000)
	})

	it('remove expired holds, and limit an account’s holds over all masters', async () => {
		const slots = await someDays()
		const watchers = await Promise.all(doctors.map(doctor => watching(two!, doctor)))
		const patient = await aPatient(one!)
		const wanted = slots.flatMap(list => list.slice(0, 2))
		const answers: string[] = []
		for (const slotId of wanted) answers.push(codeOf(await hold(answers.length % 2 ? one! : two!, patient, slotId)))
		expect(answers).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'ok', 'hold_limit'])
		const states = () => watchers.flatMap((watcher, index) => slots[index]!.slice(0, 2).map(slotId => watcher.stateOf(slotId)))
		await waitFor(() => states().filter(state => state === 'held').length === 5, 'the holds to be seen', 1000)
		await waitFor(() => states().every(state => state === 'free'), 'the holds to run out', 5000)
		expect(codeOf(await hold(one!, patient, wanted[5]!))).to.equal('ok')
	})

	it('count the watchers of both', async () => {
		const recorders: ReturnType<typeof aRecorder>[] = []
		for (const node of [one!, two!, two!]) {
			const recorder = aRecorder(await aSocket(node), doctors[1]!.id, soon())
			await recorder.watch()
			recorders.push(recorder)
		}
		await waitFor(() => recorders.every(recorder => recorder.presences().at(-1) === 3), 'three to be told')
	})

	it('share their rate limits', async () => {
		connections.push(createRedis({ url: cluster.url, name: 'test' }), createRedis({ url: cluster.url, name: 'test' }))
		await Promise.all(connections.map(redis => new Promise(resolve => redis.once('ready', resolve))))
		const limiters = connections.map(redis => createLimiters({ redis, enabled: true })({ name: 'test', points: 5, perSeconds: 60 }))
		for (const key of ['ada', 'bea', 'cleo', 'dora']) {
			const outcomes = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => limiters[index % 2]!.consume(key)))
			expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(5)
			const late = await limiters[0]!.check(key).catch(error => error.code)
			expect(late).to.equal('rate_limited')
			await limiters[1]!.reset(key)
			await limiters[0]!.check(key)
		}
	})

	it('notify the desk at the other node, and disconnect a disabled account there', async () => {
		const [[slotId]] = (await someDays()) as [[string]]
		const [desk, admin, patient] = [await aReceptionist(one!), await anAdmin(one!), await aPatient(one!)]
		const deskSocket = await aSocket(two!, desk.token)
		const heard: string[] = []
		deskSocket.on('appointment:changed', ({ appointment, change }) => heard.push(`${appointment.id} ${change}`))
		const visit = done(await book(one!, patient, slotId))
		await waitFor(() => heard.includes(`${visit.id} booked`), 'the desk to be told', 2000)
		const patientSocket = await aSocket(two!, patient.token)
		expect((await call(one!, 'PATCH', `/admin/users/${patient.id}`, { token: admin.token, body: { status: 'disabled' } })).status).to.equal(
			200,
		)
		await waitFor(() => patientSocket.disconnected, 'the socket to be cut off', 2000)
	})

	it('send a booking’s letter a moment later, although another node settled it', async () => {
		const [[slotId]] = (await someDays()) as [[string]]
		const patient = await aPatient(one!)
		const startedAt = Date.now()
		done(await book(two!, patient, slotId))
		await mailsWhen(one!, patient.email, 1)
		expect(Date.now() - startedAt).to.be.lessThan(5000)
	})

	it('recover when a killed master comes back: no acknowledged booking is lost, and watchers see the right state', async function () {
		this.timeout(40_000)
		const slots = await someDays()
		const watchers = await Promise.all([one!, two!].flatMap(node => doctors.map(doctor => watching(node, doctor))))
		const patients = await somePatients(one!, 3)
		const [first, second, third] = slots as [string[], string[], string[]]
		done(await book(one!, patients[0]!, second[0]!))

		const lost = cluster.masters[1]!
		await lost.kill()
		const key = randomUUID()
		const refusedNow = ackCode(await bookLive(await aSocket(one!, patients[1]!.token), second[1]!, { key }))
		expect(refusedNow).to.equal('booking_pending')
		// Until the other masters declare the killed one dead, they serve their own doctors.
		expect(codeOf(await hold(two!, patients[2]!, first[1]!))).to.equal('ok')
		await release(two!, patients[2]!, first[1]!)
		lost.start()
		await cluster.untilWhole()

		const again = async () => codeOf(await book(two!, patients[1]!, second[1]!, { key })) === 'ok'
		await waitFor(again, 'the same request to be settled')
		done(await book(one!, patients[2]!, third[2]!))
		const right = async () => {
			const { from, to } = soon()
			for (const watcher of watchers) {
				const { body } = await call(one!, 'GET', `/doctors/${watcher.doctorId}/slots?from=${from}&to=${to}`)
				if (JSON.stringify([...watcher.picture.values()]) !== JSON.stringify(body.slots)) return false
			}
			return true
		}
		await waitFor(right, 'every watcher to see the truth')
		for (const slotId of [second[0]!, second[1]!]) {
			expect(watchers.filter(watcher => watcher.stateOf(slotId) === 'booked')).to.have.length(2)
		}
		expect(await overlaps(one!.db)).to.equal(0)
		expect(await inconsistencies(one!.db)).to.equal(0)
	})
})
