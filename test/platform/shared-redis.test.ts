import { expect } from 'chai'
import { Redis } from 'ioredis'
import { hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { useRedisCluster } from '../support/redis-cluster.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, closeSockets, ok } from '../support/watcher.ts'

describe('two installations on one Redis', () => {
	const [one, other] = useNodes(2, { REDIS_PREFIX: 'clinic-a', HOLD_SECONDS: '2' }, { each: [{}, { ROLE: 'web' }] })
	const [stranger] = useNodes(1, { REDIS_PREFIX: 'clinic-b' }, { redisUrl: () => one!.redisUrl })
	isolates([one!, other!, stranger!])

	it('begin every key and every channel with their prefix', async () => {
		const redis = new Redis(one!.redisUrl)
		try {
			const channels = (await redis.call('PUBSUB', 'CHANNELS')) as string[]
			const [keys, ours] = [await redis.keys('*'), /^clinic-[ab]:/]
			expect(keys.filter(key => !ours.test(key))).to.deep.equal([])
			// Tests that run beside this one use other databases of the same server, which all share its channels.
			for (const prefix of ['clinic-a:', 'clinic-b:']) {
				expect(keys.some(key => key.startsWith(prefix))).to.equal(true)
				expect(channels.some(channel => channel.startsWith(`${prefix}appointments`))).to.equal(true)
			}
		} finally {
			redis.disconnect()
		}
	})
})

describe('two installations on one Redis Cluster', function () {
	this.slow(2000)
	const cluster = useRedisCluster()
	const redisUrl = () => cluster.url
	const [one, other] = useNodes(2, { REDIS_PREFIX: 'clinic-a', HOLD_SECONDS: '2' }, { redisUrl, each: [{}, { ROLE: 'web' }] })
	const [stranger] = useNodes(1, { REDIS_PREFIX: 'clinic-b' }, { redisUrl })
	isolates([one!, other!, stranger!])
})

type Node = ReturnType<typeof useNodes>[number]

/** The databases of both installations begin alike, so the same ids are in both. */
function isolates([one, other, stranger]: [Node, Node, Node]) {
	afterEach(closeSockets)

	const everywhere = async <T>(make: (node: Node) => Promise<T>) => [await make(one), await make(stranger)] as [T, T]
	const aPair = async () => {
		const [doctor, strange] = (await everywhere(node => aDoctor(node))) as [Person, Person]
		expect(doctor.id).to.equal(strange.id)
		const from = hoursAhead(24)
		const [slotId, strangeSlot] = await everywhere(async node => (await someSlots(node, doctor.id, { count: 1, from }))[0] as string)
		expect(slotId).to.equal(strangeSlot)
		return { doctor, slotId }
	}

	it('see holds and bookings of their own nodes, and none of the other installation', async () => {
		const { doctor, slotId } = await aPair()
		const watcher = await aWatcher(await aSocket(other), doctor.id, soon())
		const strange = await aWatcher(await aSocket(stranger), doctor.id, soon())
		const [patient, there] = (await everywhere(node => aPatient(node))) as [Person, Person]
		const socket = await aSocket(one, patient.token)
		ok(await socket.emitWithAck('slot:hold', { slotId }))
		await waitFor(() => watcher.stateOf(slotId) === 'held', 'the hold')
		expect(strange.stateOf(slotId)).to.equal('free')
		// An expired hold is freed by a script that puts keys together itself.
		await waitFor(() => watcher.stateOf(slotId) === 'free', 'the end of the hold')
		expect((await call(other, 'POST', '/appointments', { token: patient.token, body: { slotId } })).status).to.equal(201)
		await waitFor(() => watcher.stateOf(slotId) === 'booked', 'the booking')
		expect([strange.stateOf(slotId), strange.frames.length]).to.deep.equal(['free', 0])

		expect((await call(stranger, 'POST', '/appointments', { token: there.token, body: { slotId } })).status).to.equal(201)
		await waitFor(() => strange.stateOf(slotId) === 'booked', 'their own booking')
	})

	it('disconnect no account of the other installation', async () => {
		const [patient, there] = (await everywhere(node => aPatient(node))) as [Person, Person]
		if (patient.id !== there.id) throw new Error('the ids differ, so this proves nothing')
		const admin = await anAdmin(one)
		await anAdmin(stranger)
		const [socket, strange] = [await aSocket(other, patient.token), await aSocket(stranger, there.token)]
		await call(one, 'PATCH', `/admin/users/${patient.id}`, { token: admin.token, body: { status: 'disabled' } })
		await waitFor(() => !socket.connected, 'the disconnection')
		expect(strange.connected).to.equal(true)
	})
}
