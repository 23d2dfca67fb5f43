import { expect } from 'chai'
import fc from 'fast-check'
import { fullSlot, visibleSlot, visibleSlotJson } from '../../server/calendar/changes.ts'

const aStoredSlot = fc.record({
	doctorId: fc.nat().map(String),
	startMinute: fc.integer({ min: 29_000_000, max: 31_000_000 }),
	endMinute: fc.integer({ min: 29_000_000, max: 31_000_000 }),
	isBlocked: fc.boolean(),
	appointment: fc.option(fc.record({ id: fc.nat().map(String), status: fc.constant('booked' as const), patientName: fc.string() })),
})
const aHolder = fc.option(
	fc.record({
		userId: fc.constantFrom('1', '2'),
		name: fc.string(),
		role: fc.constantFrom('patient' as const, 'receptionist' as const),
		untilMs: fc.integer({ min: 0, max: 2 ** 42 }),
	}),
	{ nil: undefined },
)

describe('a slot as JSON', () => {
	it('is what a watcher may see of it, whatever is in it', () => {
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
})
