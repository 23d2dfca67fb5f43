import { expect } from 'chai'
import type { FullSlot } from '../../server/slots/codec.ts'
import { createFrames, type Frame, partAfter } from '../../server/slots/frames.ts'
import { waitFor } from '../support/wait.ts'

const slotNamed = (id: string): FullSlot => ({ id, doctorId: '1', startsAt: '', endsAt: '', state: 'free' })
const idIn = (slot: FullSlot) => slot.id

const changes = (from: number, ...ids: string[]) => ({
	topic: '1',
	from,
	to: from + Math.max(ids.length, 1) - 1,
	changes: JSON.stringify(ids.map(slotNamed)),
})

describe('frames of changes', () => {
	const gathering = (windowMs = 20) => {
		const sent: Frame[] = []
		let now = 1000
		const frames = createFrames({ send: frame => void sent.push(frame), windowMs, nowMs: () => now })
		const pass = (ms: number) => {
			now += ms
		}
		return { frames, sent, pass, ids: () => sent.map(frame => frame.slots.map(idIn).join('')) }
	}

	it('are sent at once on an idle calendar', () => {
		const { frames, ids, pass } = gathering()
		frames.add(changes(5, 'a'))
		pass(50)
		frames.add(changes(6, 'b', 'c'))
		expect(ids()).to.deep.equal(['a', 'bc'])
		frames.stop()
	})

	it('gather changes that follow within the window', async () => {
		const { frames, sent, ids } = gathering()
		frames.add(changes(5, 'a'))
		frames.add(changes(6, 'b'))
		frames.add(changes(7, 'c', 'd'))
		await waitFor(() => sent.length === 2, 'the gathered frame')
		expect(ids()).to.deep.equal(['a', 'bcd'])
		expect(sent[1]).to.include({ fromVersion: 6, toVersion: 8 })
		frames.stop()
	})

	it('do not join changes that are not contiguous', async () => {
		const { frames, sent } = gathering()
		frames.add(changes(5, 'a'))
		frames.add(changes(6, 'b'))
		frames.add(changes(9, 'c'))
		frames.flush('1')
		expect(sent.map(({ fromVersion, toVersion }) => [fromVersion, toVersion])).to.deep.equal([
			[5, 5],
			[6, 6],
			[9, 9],
		])
		frames.stop()
	})

	it('keep a skipped number apart, so that watchers see the gap', () => {
		const { frames, sent } = gathering()
		for (const each of [changes(5, 'a'), changes(6, 'b'), changes(8), changes(9, 'c')]) frames.add(each)
		frames.flush('1')
		expect(sent.map(({ fromVersion, slots }) => [fromVersion, slots.length])).to.deep.equal([
			[5, 1],
			[6, 1],
			[8, 0],
			[9, 1],
		])
		frames.stop()
	})

	it('are not sent for a forgotten calendar', async () => {
		const { frames, sent } = gathering(5)
		frames.add(changes(5, 'a'))
		frames.add(changes(6, 'b'))
		frames.forget('1')
		await new Promise(resolve => setTimeout(resolve, 20))
		expect(sent).to.have.length(1)
		frames.stop()
	})

	it('are cut to the part after a version', () => {
		const frame: Frame = { doctorId: '1', fromVersion: 5, toVersion: 7, slots: ['a', 'b', 'c'].map(slotNamed) }
		expect(partAfter(frame, 4)).to.equal(frame)
		expect(partAfter(frame, 3)).to.equal(frame)
		expect(partAfter(frame, 7)).to.equal(null)
		expect(partAfter(frame, 5)).to.deep.equal({ doctorId: '1', fromVersion: 6, toVersion: 7, slots: [slotNamed('b'), slotNamed('c')] })
	})
})
