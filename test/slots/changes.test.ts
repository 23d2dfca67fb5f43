import { expect } from 'chai'
import fc from 'fast-check'
import { fullSlot, holderIn, publicChangeJson, visibleSlot, visibleSlotJson } from '../../server/slots/codec.ts'
import { isoOf } from '../../server/slots/slot-id.ts'

/** Includes names that look like the marks in the JSON. */
const aName = fc.oneof(fc.string(), fc.constantFrom(',"holderId":"3"}', '"state":"free"', ',\n', '\\","heldUntilMs":1'))

const aStoredSlot = fc.record({
	doctorId: fc.nat().map(String),
	startMinute: fc.integer({ min: 29_000_000, max: 31_000_000 }),
	endMinute: fc.integer({ min: 29_000_000, max: 31_000_000 }),
	isBlocked: fc.boolean(),
	appointment: fc.option(fc.record({ id: fc.nat().map(String), status: fc.constant('booked' as const), patientName: aName })),
})
const aHolder = fc.option(
	fc.record({
		userId: fc.constantFrom('1', '2'),
		name: aName,
		role: fc.constantFrom('patient' as const, 'receptionist' as const),
		untilMs: fc.integer({ min: 0, max: 2 ** 42 }),
	}),
	{ nil: undefined },
)

describe('a slot as JSON', () => {
	it('writes instants in the contract’s form', () => {
		fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 42 }), ms => void expect(isoOf(ms)).to.equal(new Date(ms).toISOString())))
	})

	it('contains only what a watcher may see', () => {
		fc.assert(
			fc.property(
				aStoredSlot,
				aHolder,
				fc.constantFrom('public' as const, 'staff' as const),
				fc.constantFrom('1', undefined),
				(stored, holder, view, viewerId) => {
					const slot = fullSlot(stored, holder, 29_500_000 * 60_000)
					expect(visibleSlotJson(slot, view, viewerId)).to.equal(JSON.stringify(visibleSlot(slot, view, viewerId)))
				},
			),
		)
	})

	it('yields the public change and the holder’s id without being parsed', () => {
		fc.assert(
			fc.property(aStoredSlot, aHolder, fc.nat(), (stored, holder, version) => {
				const slot = fullSlot(stored, holder, 29_500_000 * 60_000)
				const json = JSON.stringify(slot)
				expect(publicChangeJson(json, version)).to.equal(JSON.stringify({ ...visibleSlot(slot, 'public'), version }))
				expect(holderIn(json)).to.equal(slot.holderId)
			}),
		)
	})
})
