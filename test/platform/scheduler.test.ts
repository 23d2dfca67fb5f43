import { expect } from 'chai'
import { createScheduler } from '../../server/platform/mailbox/scheduler.ts'
import { waitFor } from '../support/wait.ts'

/** A scheduler whose batches end on the test's command, with a clock that the test sets. */
const aScheduler = () => {
	const batches: string[][] = []
	const ends = new Map<string, () => void>()
	let now = 0
	const drain = (keys: readonly string[]) => {
		batches.push([...keys])
		return new Promise<void>(resolve => ends.set(keys.join(), resolve))
	}
	const scheduler = createScheduler(drain, () => now)
	return {
		...scheduler,
		batches,
		pass: (ms: number) => {
			now += ms
		},
		/** Ends the batch of these keys, and waits for what follows. */
		async end(...keys: string[]) {
			const name = keys.join()
			await waitFor(() => ends.has(name), `a batch of ${name}`)
			ends.get(name)?.()
			ends.delete(name)
			await new Promise(resolve => setImmediate(resolve))
		},
	}
}

describe('the scheduler', () => {
	/** One lane at work on three keys. */
	const oneAtWork = () => {
		const scheduler = aScheduler()
		scheduler.begin(['1', '2', '3'])?.run(() => new Promise<void>(resolve => setImmediate(resolve)))
		return scheduler
	}

	it('opens no second lane beside one with many keys, which drains what waits together', async () => {
		const scheduler = oneAtWork()
		for (const key of ['4', '5', '6']) scheduler.wake(key)
		expect([scheduler.begin(['7']), scheduler.batches]).to.deep.equal([null, []])
		await scheduler.end('4', '5', '6')
		expect(scheduler.batches).to.deep.equal([['4', '5', '6']])
		await scheduler.stop()
	})

	it('opens up to four lanes with few keys each, and the last open one drains what waits', async () => {
		const scheduler = aScheduler()
		for (const key of ['1', '2', '3', '4', '5', '6', '1']) scheduler.wake(key)
		expect(scheduler.batches).to.deep.equal([['1'], ['2'], ['3'], ['4']])
		for (const key of ['2', '1', '4']) await scheduler.end(key)
		expect(scheduler.batches).to.have.length(4)
		await scheduler.end('3')
		await scheduler.end('5', '6', '1')
		await scheduler.stop()
		expect(scheduler.batches).to.have.length(5)
	})

	it('opens another lane when the open one is held up, without being woken again', async () => {
		const scheduler = aScheduler()
		let isHeldUp = true
		scheduler.begin(['1', '2', '3'])?.run(async () => waitFor(() => !isHeldUp, 'the batch to end'))
		scheduler.wake('4')
		expect(scheduler.batches).to.deep.equal([])
		scheduler.pass(1000)
		await scheduler.end('4')
		expect(scheduler.begin(['5'])?.keys).to.deep.equal(['5'])
		isHeldUp = false
	})

	it('never gives a key to two lanes', async () => {
		const scheduler = aScheduler()
		scheduler.wake('1')
		scheduler.wake('1')
		expect(scheduler.begin(['1'])).to.equal(null)
		expect(scheduler.batches).to.deep.equal([['1']])
		await scheduler.end('1')
		await scheduler.end('1')
		expect(scheduler.batches).to.deep.equal([['1'], ['1']])
		await scheduler.stop()
	})

	it('waits for running batches when it is stopped, and begins no other', async () => {
		const scheduler = aScheduler()
		for (const key of ['1', '2', '3', '4', '5']) scheduler.wake(key)
		let isStopped = false
		const stopped = scheduler.stop().then(() => {
			isStopped = true
		})
		for (const key of ['1', '2', '3']) await scheduler.end(key)
		expect(isStopped).to.equal(false)
		await scheduler.end('4')
		await stopped
		scheduler.wake('6')
		expect([scheduler.begin(['7']), scheduler.batches.length]).to.deep.equal([null, 4])
	})
})
