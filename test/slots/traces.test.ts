import { expect } from 'chai'
import { Redis } from 'ioredis'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { aSocket, closeSockets, refused } from '../support/watcher.ts'

const dayMs = 86_400_000

describe('records in Redis', () => {
	const node = useNode()
	afterEach(closeSockets)

	const withRedis = async <T>(work: (redis: Redis) => Promise<T>): Promise<T> => {
		const redis = new Redis(node.redisUrl)
		return await work(redis).finally(() => redis.disconnect())
	}
	const keysOf = (doctorId: string) => withRedis(redis => redis.keys(`*:${doctorId}*`))
	const { from, to } = soon()

	it('are not made for a doctor who does not exist', async () => {
		const patient = await aPatient(node)
		const socket = await aSocket(node, patient.token)
		const invented = Array.from({ length: 20 }, (_, index) => String(987_000_001 + index))
		const before = await withRedis(redis => redis.dbsize())

		const { status } = await call(node, 'GET', `/next-free?doctorIds=${invented.join(',')}`)
		expect(status).to.equal(200)
		for (const doctorId of invented) {
			expect(await call(node, 'GET', `/doctors/${doctorId}/slots?from=${from}&to=${to}`)).to.include({ status: 404 })
			expect(refused(await socket.emitWithAck('calendar:watch', { doctorId, from, to })).code).to.equal('not_found')
			expect(refused(await socket.emitWithAck('slot:hold', { slotId: `${doctorId}-29842560` })).code).to.equal('not_found')
			expect(refused(await socket.emitWithAck('slot:release', { slotId: `${doctorId}-29842560` })).code).to.equal('hold_expired')
			expect(await call(node, 'POST', `/slots/${doctorId}-29842560/hold`, { token: patient.token, body: {} })).to.include({ status: 404 })
			expect(await keysOf(doctorId)).to.deep.equal([])
		}
		expect(await withRedis(redis => redis.dbsize())).to.be.at.most(before + 1)
	})

	it('expire for a doctor whose calendar is not used any more', async () => {
		const doctor = await aDoctor(node)
		const [slotId] = await someSlots(node, doctor.id)
		const socket = await aSocket(node, (await aPatient(node)).token)
		await call(node, 'GET', `/next-free?doctorIds=${doctor.id}`)
		await call(node, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`)
		await socket.emitWithAck('slot:hold', { slotId: slotId! })
		await socket.emitWithAck('slot:release', { slotId: slotId! })
		const keys = await keysOf(doctor.id)
		expect(keys.length).to.be.greaterThan(1)
		for (const key of keys) expect(await withRedis(redis => redis.pttl(key)), key).to.be.within(1, dayMs)
	})
})
