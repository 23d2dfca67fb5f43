import { expect } from 'chai'
import { aType, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { aRecorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, type Client, closeSockets, ok } from '../support/watcher.ts'

const graceMs = 10_000

/** Each story takes as long as the grace, so all are played at the same time and checked one by one. */
describe('a holder who disconnects', function () {
	this.timeout(40_000)
	const [one, two] = useNodes(2, { HOLD_SECONDS: '60' })
	after(closeSockets)

	const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

	const aScene = async () => {
		const doctor = await aDoctor(one!)
		const slots = await someSlots(one!, doctor.id, { count: 10 })
		const patient = await aPatient(one!)
		const recorder = aRecorder(await aSocket(two!), doctor.id, soon())
		await recorder.watch()
		return {
			slots,
			recorder,
			patient,
			connect: (on: { url: string } = one!) => aSocket(on, patient.token),
			hold: async (socket: Client, slotId: string, typeId?: string) =>
				ok(await socket.emitWithAck('slot:hold', { slotId, ...(typeId && { typeId }) })).hold,
			/** When a slot was published as free, in ms from now; undefined when it was not. */
			freedAfterMs: async (slotId: string, forMs: number) => {
				const began = Date.now()
				await waitFor(() => recorder.told(slotId)?.state === 'free' || Date.now() - began > forMs, 'the time to pass', forMs + 1000)
				return recorder.told(slotId)?.state === 'free' ? Date.now() - began : undefined
			},
		}
	}

	const stories = {
		'loses the hold about ten seconds later, not at once and not only when it would have run out': async () => {
			const { slots, hold, connect, freedAfterMs } = await aScene()
			const socket = await connect()
			await hold(socket, slots[0]!, await aType(one!, 60))
			socket.disconnect()
			const freedMs = await freedAfterMs(slots[0]!, 20_000)
			expect(freedMs).to.be.within(graceMs - 500, graceMs + 2000)
			await freedAfterMs(slots[1]!, 500).then(ms => expect(ms).not.to.equal(undefined))
		},
		'keeps the hold for as long as it would have lasted by coming back in time': async () => {
			const { slots, hold, connect, freedAfterMs, recorder, patient } = await aScene()
			const socket = await connect()
			const placed = await hold(socket, slots[0]!)
			socket.disconnect()
			await pause(3000)
			await connect(two!)
			expect(await freedAfterMs(slots[0]!, 11_000)).to.equal(undefined)
			const listed = await recorder.agrees(one!)
			expect(listed.slots[0]).to.include({ state: 'held', heldUntil: placed.expiresAt })
			expect((await call(one!, 'DELETE', `/slots/${slots[0]}/hold`, { token: patient.token })).status).to.equal(204)
		},
		'keeps the hold by coming back at once, however often': async () => {
			const scenes = await Promise.all(Array.from({ length: 15 }, aScene))
			const freed = await Promise.all(
				scenes.map(async ({ slots, hold, connect, freedAfterMs }, index) => {
					let socket = await connect()
					await hold(socket, slots[0]!)
					for (let turn = 0; turn < 4; turn++) {
						const connecting = connect(turn % 2 ? one! : two!)
						if ((index + turn) % 2) await pause((index + turn) % 9)
						socket.disconnect()
						socket = await connecting
						if (turn < 3) await hold(socket, slots[0]!)
					}
					return await freedAfterMs(slots[0]!, 12_000)
				}),
			)
			expect(freed.filter(ms => ms !== undefined)).to.deep.equal([])
		},
		'keeps the hold while another tab is open at any node': async () => {
			const { slots, hold, connect, freedAfterMs } = await aScene()
			const socket = await connect(one!)
			await connect(two!)
			await hold(socket, slots[0]!)
			socket.disconnect()
			expect(await freedAfterMs(slots[0]!, 12_500)).to.equal(undefined)
		},
		'loses the hold when the last tab is closed, although another tab placed it': async () => {
			const { slots, hold, connect, freedAfterMs } = await aScene()
			const [holding, last] = [await connect(one!), await connect(two!)]
			await hold(holding, slots[0]!)
			holding.disconnect()
			await pause(1000)
			last.disconnect()
			expect(await freedAfterMs(slots[0]!, 20_000)).to.be.within(graceMs - 500, graceMs + 2000)
		},
		'has room for other holds once the old ones have ended': async () => {
			const { slots, hold, connect, freedAfterMs } = await aScene()
			const socket = await connect()
			for (const slotId of slots.slice(0, 5)) await hold(socket, slotId)
			socket.disconnect()
			for (const slotId of slots.slice(0, 5)) expect(await freedAfterMs(slotId, 20_000)).not.to.equal(undefined)
			const back = await connect()
			for (const slotId of slots.slice(5, 10)) await hold(back, slotId)
		},
		'keeps the count of held slots after reconnecting in time': async () => {
			const { slots, hold, connect } = await aScene()
			const socket = await connect()
			for (const slotId of slots.slice(0, 5)) await hold(socket, slotId)
			socket.disconnect()
			await pause(2000)
			const back = await connect()
			await pause(graceMs)
			expect(await back.emitWithAck('slot:hold', { slotId: slots[5]! })).to.have.nested.property('error.code', 'hold_limit')
		},
		'keeps holds that were placed over HTTP': async () => {
			const { slots, patient, freedAfterMs } = await aScene()
			expect((await call(one!, 'POST', `/slots/${slots[0]}/hold`, { token: patient.token, body: {} })).status).to.equal(201)
			expect(await freedAfterMs(slots[0]!, 12_500)).to.equal(undefined)
		},
		'does not affect holds of other accounts': async () => {
			const { slots, hold, connect, freedAfterMs } = await aScene()
			const socket = await connect()
			await hold(socket, slots[0]!)
			await hold(await aSocket(one!, (await aPatient(one!)).token), slots[1]!)
			socket.disconnect()
			expect(await freedAfterMs(slots[0]!, 20_000)).not.to.equal(undefined)
			expect(await freedAfterMs(slots[1]!, 500)).to.equal(undefined)
		},
	}

	const played = new Map<string, Promise<unknown>>()
	before(() => {
		for (const [title, story] of Object.entries(stories)) {
			const end = story()
			end.catch(() => {})
			played.set(title, end)
		}
	})
	for (const title of Object.keys(stories)) it(title, async () => void (await played.get(title)))
})
