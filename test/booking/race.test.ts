import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { inconsistencies, overlaps, someSlots } from '../support/calendar.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { aSocket, type Client, closeSockets } from '../support/watcher.ts'

describe('a race for one slot', () => {
	const node = useNode()
	afterEach(closeSockets)

	it('has exactly one winner of fifty in each of 200 rounds, and offers alternatives to every loser', async function () {
		this.timeout(120_000)
		const racers = 50
		const rounds = 200
		const doctor = await aDoctor(node)
		const slots = await someSlots(node, doctor.id, { count: rounds + 10, minutes: 15 })
		const sockets: Client[] = []
		for (let i = 0; i < racers; i++) sockets.push(await aSocket(node, (await aPatient(node)).token))

		for (const slotId of slots.slice(0, rounds)) {
			const answers = await Promise.all(
				sockets.map(socket => socket.emitWithAck('appointment:book', { slotId, idempotencyKey: randomUUID() })),
			)
			const winners = answers.filter(answer => answer.ok)
			expect(winners, slotId).to.have.length(1)
			for (const answer of answers) {
				if (answer.ok) continue
				expect(answer.error.code).to.be.oneOf(['slot_booked', 'slot_held'])
				expect(answer.error.alternatives).to.have.length(5)
			}
		}
		const [{ count } = { count: 0 }] = await node.db('appointments').where({ doctor_id: doctor.id, status: 'booked' }).count()
		expect(Number(count)).to.equal(rounds)
		expect(await overlaps(node.db)).to.equal(0)
		expect(await inconsistencies(node.db)).to.equal(0)
	})
})
