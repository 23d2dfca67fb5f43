import { expect } from 'chai'
import { createLanes } from '../../server/booking/lanes.ts'
import { waitFor } from '../support/wait.ts'

/** Lanes whose batches end when the test says so, at a time that it sets. */
const someLanes = () => {
	const batches: string[][] = []
	const ends = new Map<string, () => void>()
	let now = 0
	const drain = (doctorIds: readonly string[]) => {
		batches.push([...doctorIds])
		return new Promise<void>(resolve => ends.set(doctorIds.join(), resolve))
	}
	const lanes = createLanes(drain, () => now)
	return {
		...lanes,
		batches,
		pass: (ms: number) => {
			now += ms
		},
		/** Ends the batch of these doctors, and lets follow what follows from it. */
		async end(...doctorIds: string[]) {
			const key = doctorIds.join()
			await waitFor(() => ends.has(key), `a batch of ${key}`)
			ends.get(key)?.()
			ends.delete(key)
			await new Promise(resolve => setImmediate(resolve))
		},
	}
}

const together = ['1', '2', '3']

describe('the lanes of a node', () => {
	/** One lane at work on three doctors. */
	const oneAtWork = () => {
		const lanes = someLanes()
		lanes.keep(together)?.start(() => new Promise<void>(resolve => setImmediate(resolve)))
		return lanes
	}

	it('are one when it has much to do: what comes meanwhile it takes up together', async () => {
		const lanes = oneAtWork()
		for (const doctorId of ['4', '5', '6']) lanes.poke(doctorId)
		expect([lanes.keep(['7']), lanes.batches]).to.deep.equal([null, []])
		await lanes.end('4', '5', '6')
		expect(lanes.batches).to.deep.equal([['4', '5', '6']])
		await lanes.stop()
	})

	it('are up to four when each has little to do, and the last that is left takes up what waits', async () => {
		const lanes = someLanes()
		for (const doctorId of ['1', '2', '3', '4', '5', '6', '1']) lanes.poke(doctorId)
		expect(lanes.batches).to.deep.equal([['1'], ['2'], ['3'], ['4']])
		for (const doctorId of ['2', '1', '4']) await lanes.end(doctorId)
		expect(lanes.batches).to.have.length(4)
		await lanes.end('3')
		await lanes.end('5', '6', '1')
		await lanes.stop()
		expect(lanes.batches).to.have.length(5)
	})

	it('are more when what is open is held up, though nobody asks again', async () => {
		const lanes = someLanes()
		let isHeldUp = true
		lanes.keep(together)?.start(async () => waitFor(() => !isHeldUp, 'the batch to end'))
		lanes.poke('4')
		expect(lanes.batches).to.deep.equal([])
		lanes.pass(1000)
		await lanes.end('4')
		expect(lanes.keep(['5']))
			.to.have.property('doctorIds')
			.that.deep.equals(['5'])
		isHeldUp = false
	})

	it('never have a doctor twice', async () => {
		const lanes = someLanes()
		lanes.poke('1')
		lanes.poke('1')
		expect(lanes.keep(['1'])).to.equal(null)
		expect(lanes.batches).to.deep.equal([['1']])
		await lanes.end('1')
		await lanes.end('1')
		expect(lanes.batches).to.deep.equal([['1'], ['1']])
		await lanes.stop()
	})

	it('end what they began when they are to stop, and begin nothing more', async () => {
		const lanes = someLanes()
		for (const doctorId of ['1', '2', '3', '4', '5']) lanes.poke(doctorId)
		let isStopped = false
		const stopped = lanes.stop().then(() => {
			isStopped = true
		})
		for (const doctorId of ['1', '2', '3']) await lanes.end(doctorId)
		expect(isStopped).to.equal(false)
		await lanes.end('4')
		await stopped
		lanes.poke('6')
		expect([lanes.keep(['7']), lanes.batches.length]).to.deep.equal([null, 4])
	})
})
