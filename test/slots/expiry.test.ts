import { expect } from 'chai'
import { aType, hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aRecorder, type Recorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, type Client, closeSockets, ok, refused } from '../support/watcher.ts'

/** The time that promise 4 allows, and a little for a busy machine. */
const announcedWithinMs = 1500

const holdMs = 1000

describe('a hold that expires', () => {
	const [node, other] = useNodes(2, { HOLD_SECONDS: String(holdMs / 1000), HOLD_SECONDS_STAFF: '2' })
	afterEach(closeSockets)

	let doctor: Person
	let slots: string[]
	beforeEach(async () => {
		doctor = await aDoctor(node!)
		slots = await someSlots(node!, doctor.id, { count: 24 })
	})

	const aHolder = async (on: { url: string } = node!) => aSocket(on, (await aPatient(node!)).token)
	const hold = async (socket: Client, slotId: string, typeId?: string) =>
		ok(await socket.emitWithAck('slot:hold', { slotId, ...(typeId && { typeId }) })).hold

	/** A watcher that notes how long after its `heldUntil` each slot was published as free. */
	const watching = async (on: { url: string }): Promise<Recorder & { lateMs: (slotId: string) => number | undefined }> => {
		const recorder = aRecorder(await aSocket(on), doctor.id, soon())
		const ends = new Map<string, number>()
		const late = new Map<string, number>()
		recorder.socket.on('calendar:changed', ({ changes }) => {
			for (const { id, state, heldUntil } of changes) {
				if (heldUntil) ends.set(id, Date.parse(heldUntil))
				if (state === 'free') late.set(id, Date.now() - ends.get(id)!)
			}
		})
		await recorder.watch()
		return { ...recorder, lateMs: slotId => late.get(slotId) }
	}

	const freedInTime = async (recorder: Awaited<ReturnType<typeof watching>>, slotIds: readonly string[]) => {
		await waitFor(() => slotIds.every(slotId => recorder.lateMs(slotId) !== undefined), 'every slot to be told free')
		for (const slotId of slotIds) expect(recorder.lateMs(slotId), slotId).to.be.within(-50, announcedWithinMs)
	}

	it('frees all its slots by itself, published on every node', async () => {
		const recorders = [await watching(node!), await watching(other!)]
		const typeId = await aType(node!, 90)
		await hold(await aHolder(), slots[0]!)
		await hold(await aHolder(other!), slots[1]!, typeId)
		for (const recorder of recorders) {
			await freedInTime(recorder, slots.slice(0, 4))
			await recorder.agrees(other!)
		}
		const holder = await aHolder()
		expect(refused(await holder.emitWithAck('slot:release', { slotId: slots[0]! })).code).to.equal('hold_expired')
		await hold(holder, slots[2]!)
	})

	it('is removed in time also when hundreds expire at once', async () => {
		const many = await someSlots(node!, doctor.id, { count: 400, minutes: 5, from: hoursAhead(240) })
		const recorder = await watching(other!)
		const holders = await Promise.all(Array.from({ length: 80 }, () => aHolder()))
		await Promise.all(many.map((slotId, index) => hold(holders[index % 80]!, slotId)))
		await freedInTime(recorder, many)
		await recorder.agrees(node!)
	})

	it('lasts longer for staff', async () => {
		const recorder = await watching(node!)
		const atTheDesk = await aSocket(node!, (await aReceptionist(node!)).token)
		const began = Date.now()
		const placed = await hold(atTheDesk, slots[0]!)
		expect(Date.parse(placed.expiresAt) - began).to.be.within(1900, 3000)
		await freedInTime(recorder, [slots[0]!])
	})

	it('can be renewed to five times its length, after which its holder has room for others', async function () {
		this.timeout(60_000)
		const holder = await aHolder()
		const recorder = await watching(other!)
		const lives = await Promise.all(
			slots.slice(0, 5).map(async slotId => {
				const firstEnd = Date.parse((await hold(holder, slotId)).expiresAt)
				return { slotId, firstEnd, end: firstEnd, renewals: 0, ended: false }
			}),
		)
		for (let next = Date.now() + 300; lives.some(({ ended }) => !ended); next += 300) {
			await waitFor(() => Date.now() >= next, 'the time to renew')
			for (const life of lives.filter(({ ended }) => !ended)) {
				const end = Date.parse((await hold(holder, life.slotId)).expiresAt)
				// On a machine that renews too late, this is another hold with its own lifetime.
				if (end >= life.end + holdMs) Object.assign(life, { firstEnd: end, end, renewals: 0 })
				else Object.assign(life, { end, renewals: life.renewals + 1, ended: end === life.end })
			}
		}
		for (const { firstEnd, end, renewals } of lives) {
			expect(end - firstEnd).to.be.within(4 * holdMs - 1, 4 * holdMs + 1)
			expect(renewals).to.be.greaterThan(4)
		}
		await freedInTime(recorder, slots.slice(0, 5))
		for (const slotId of slots.slice(5, 10)) await hold(holder, slotId)
	})

	it('frees the holder’s count as soon as its end is published', async () => {
		const holder = await aHolder()
		const recorder = await watching(node!)
		for (const slotId of slots.slice(0, 5)) await hold(holder, slotId)
		expect(refused(await holder.emitWithAck('slot:hold', { slotId: slots[5]! })).code).to.equal('hold_limit')
		await freedInTime(recorder, slots.slice(0, 5))
		for (const slotId of slots.slice(5, 10)) await hold(holder, slotId)
	})

	it('leaves its slot to another account the moment it ends', async () => {
		const recorder = await watching(node!)
		await hold(await aHolder(), slots[0]!)
		const rival = await aHolder(other!)
		await waitFor(async () => (await rival.emitWithAck('slot:hold', { slotId: slots[0]! })).ok, 'the rival to have it')
		await recorder.agrees(node!)
	})

	it('is removed by another node when its own has stopped', async () => {
		const recorder = await watching(node!)
		const { token } = await aPatient(node!)
		const held = slots.slice(0, 3)
		for (const slotId of held) expect((await call(other!, 'POST', `/slots/${slotId}/hold`, { token, body: {} })).status).to.equal(201)
		await other!.stop()
		await freedInTime(recorder, held)
	})
})
