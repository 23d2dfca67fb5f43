import { expect } from 'chai'
import fc from 'fast-check'
import { type FreeSlot, nearestOffers } from '../../server/slots/alternatives.ts'

/** Free slots in order of time, with and without gaps. */
const freeSlots = fc
	.array(fc.record({ gap: fc.constantFrom(0, 0, 0, 5, 40), minutes: fc.constantFrom(10, 15, 30) }), { maxLength: 40 })
	.map(pieces => {
		let minute = 29_000_000
		return pieces.map(({ gap, minutes }): FreeSlot => {
			const startMinute = minute + gap
			minute = startMinute + minutes
			return { startMinute, endMinute: minute }
		})
	})

/** A plain version without regard to speed. */
const expected = (free: readonly FreeSlot[], taken: ReadonlySet<number>, wanted: number, minutes: number) => {
	const left = new Map(free.filter(slot => !taken.has(slot.startMinute)).map(slot => [slot.startMinute, slot.endMinute]))
	const hasRoom = (from: number) => {
		let until = from
		while (until < from + minutes) {
			const next = left.get(until)
			if (next === undefined) return false
			until = next
		}
		return true
	}
	return [...left.keys()]
		.filter(start => start !== wanted && hasRoom(start))
		.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted) || a - b)
		.slice(0, 5)
}

describe('alternatives to a slot that is gone', () => {
	it('are the nearest free slots with room, the earlier of two equally near ones first', () => {
		const wish = fc.record({ around: fc.nat(1200), minutes: fc.constantFrom(1, 15, 30, 45), taken: fc.array(fc.nat(39)) })
		fc.assert(
			fc.property(freeSlots, wish, (free, { around, minutes, taken }) => {
				const wanted = free[around % (free.length + 1)]?.startMinute ?? 29_000_000 + around
				const held = new Set(taken.flatMap(index => free[index]?.startMinute ?? []))
				const offers = nearestOffers('7', free, minute => held.has(minute), wanted, minutes)
				expect(offers.map(({ id }) => id)).to.deep.equal(expected(free, held, wanted, minutes).map(minute => `7-${minute}`))
			}),
			{ numRuns: 500 },
		)
	})

	it('have a start and an end', () => {
		const [offer] = nearestOffers('7', [{ startMinute: 29_000_000, endMinute: 29_000_020 }], () => false, 29_000_100)
		expect(offer).to.deep.equal({
			id: '7-29000000',
			doctorId: '7',
			startsAt: '2025-02-19T21:20:00.000Z',
			endsAt: '2025-02-19T21:40:00.000Z',
			state: 'free',
		})
	})
})
