import { expect } from 'chai'
import { faults, type Outcome, stampede } from '../../bench/stampede.ts'
import { aClinic, type BenchClinic, newKey, slotIdOf } from '../../bench/support/clinic.ts'
import { connectMany, LightSocket } from '../../bench/support/light-socket.ts'
import { jwtSecret } from '../../bench/support/node.ts'
import { useNode } from '../support/node.ts'
import { aReceptionist } from '../support/people.ts'

const slots = 20
const patients = 25

describe('a stampede', () => {
	const node = useNode({ JWT_SECRET: jwtSecret })
	let clinic: BenchClinic
	let open: LightSocket[] = []
	before(async () => {
		clinic = await aClinic(node.databaseUrl, { doctors: 1, patients, slots: 2 * slots })
	})
	afterEach(() => {
		for (const socket of open) socket.close()
		open = []
	})

	it('has exactly one winner for each slot, and each socket gets its answers in the order of its requests', async () => {
		open = await connectMany(patients, index => LightSocket.connect(node.url, clinic.patients[index]?.token))
		const { outcomes } = await stampede(open, clinic, 0, 500, slots)
		expect(faults(outcomes, slots)).to.deep.equal([])
		expect(outcomes).to.have.length(500)
	})

	it('is won and answered in order of arrival', async () => {
		const desk = await LightSocket.connect(node.url, (await aReceptionist(node)).token)
		open = [desk]
		const answered: number[] = []
		// All requests use one socket, so that their order of arrival is known.
		const wanted = Array.from({ length: 300 }, (_, index) => ({ doctor: 0, patient: index % patients, slot: slots + (index % slots) }))
		const answers = await Promise.all(
			wanted.map(async (wish, index) => {
				const patientId = clinic.patients[wish.patient]?.id
				const answer = await desk.ask('appointment:book', { slotId: slotIdOf(clinic, wish), patientId, idempotencyKey: newKey() })
				answered.push(index)
				return answer.ok
			}),
		)
		expect(answered).to.deep.equal(wanted.map((_, index) => index))
		expect(answers).to.deep.equal(wanted.map((_, index) => index < slots))
	})
})

describe('the check of a stampede', () => {
	const outcome = (overrides: Partial<Outcome>): Outcome => ({ slot: 0, socket: 0, answeredAs: 0, won: false, ...overrides })

	it('reports slots without a winner, slots with two, and answers out of order', () => {
		expect(faults([outcome({})], 1)).to.deep.equal(['0 winners for 1 slots'])
		expect(faults([outcome({ won: true }), outcome({ won: true, answeredAs: 1 })], 2)).to.deep.equal(['a slot has two winners'])
		expect(faults([outcome({ won: true, answeredAs: 1 }), outcome({ answeredAs: 0 })], 1)).to.deep.equal([
			'socket 0 was answered out of order',
		])
	})
})
