import { expect } from 'chai'
import { someSlots, soon } from '../support/calendar.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor } from '../support/people.ts'
import { aRecorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, ok } from '../support/watcher.ts'

describe('the number of watchers of a calendar', () => {
	const [one, two] = useNodes(2)
	afterEach(closeSockets)

	const aCalendar = async () => {
		const doctor = await aDoctor(one!)
		await someSlots(one!, doctor.id)
		return async (node: { url: string }) => {
			const recorder = aRecorder(await aSocket(node), doctor.id, soon())
			await recorder.watch()
			return recorder
		}
	}
	const toldLast = (recorder: { presences(): number[] }) => recorder.presences().at(-1)

	it('is counted over all nodes, and sent to every watcher', async () => {
		const watching = await aCalendar()
		const watchers = await Promise.all([one!, one!, two!, two!, two!].map(watching))
		for (const watcher of watchers) await waitFor(() => toldLast(watcher) === 5, 'five to be told')
	})

	it('falls when a socket disconnects, stops watching, or loses its connection', async () => {
		const watching = await aCalendar()
		const stayer = await watching(one!)
		const [leaver, unwatcher, cut] = await Promise.all([two!, two!, one!].map(watching))
		await waitFor(() => toldLast(stayer) === 4, 'four to be told')
		leaver!.socket.disconnect()
		ok(await unwatcher!.socket.emitWithAck('calendar:unwatch', { doctorId: unwatcher!.doctorId }))
		const toldBefore = unwatcher!.presences().length
		await waitFor(() => toldLast(stayer) === 2, 'two to be told')
		cut!.socket.io.engine.close()
		await waitFor(() => toldLast(stayer) === 1, 'one to be told')
		expect(unwatcher!.presences()).to.have.length(toldBefore)
	})

	it('does not include a socket twice that watches again', async () => {
		const watching = await aCalendar()
		const watcher = await watching(one!)
		for (let i = 0; i < 5; i++) await watcher.watch()
		const second = await watching(two!)
		await waitFor(() => toldLast(watcher) === 2 && toldLast(second) === 2, 'two to be told')
		expect(Math.max(...watcher.presences())).to.equal(2)
	})

	it('is sent at most once a second, however many come and go', async () => {
		const watching = await aCalendar()
		const watcher = await watching(one!)
		const times: number[] = []
		watcher.socket.on('calendar:presence', () => void times.push(performance.now()))
		const until = performance.now() + 2500
		while (performance.now() < until) (await watching(Math.random() < 0.5 ? one! : two!)).socket.disconnect()
		const last = await watching(two!)
		await waitFor(() => toldLast(watcher) === 2 && toldLast(last) === 2, 'two to be told in the end')
		expect(times.length).to.be.greaterThan(0)
		// Timers of a busy machine are a little late, and the next message is then early by as much.
		for (const [index, time] of times.slice(1).entries()) expect(time - times[index]!).to.be.greaterThan(800)
	})

	it('is sent to a watcher that replaces another, although the number is unchanged', async () => {
		const watching = await aCalendar()
		const stayer = await watching(one!)
		const first = await watching(one!)
		await waitFor(() => toldLast(stayer) === 2 && toldLast(first) === 2, 'two to be told')
		first.socket.disconnect()
		const second = await watching(one!)
		await waitFor(() => toldLast(second) === 2, 'two to be told to the newcomer')
	})
})
