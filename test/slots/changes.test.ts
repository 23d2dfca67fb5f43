import { expect } from 'chai'
import fc from 'fast-check'
import { fullSlot, visibleSlot } from '../../server/slots/codec.ts'

const aName = fc.string()

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
	const longAgo = '2000-01-01T00:00:00.000Z'
	it('contains only what a watcher may see', () => {
		fc.assert(
			fc.property(
				aStoredSlot,
				aHolder,
				fc.constantFrom('public' as const, 'staff' as const),
				fc.constantFrom('1', undefined),
				(stored, holder, view, viewerId) => {
					const slot = fullSlot(stored, holder, 29_500_000 * 60_000)
					const visible = JSON.stringify(visibleSlot(slot, view, longAgo, viewerId))
					if (view === 'public')
						for (const hidden of ['heldBy"', 'holderId', 'appointment"', 'alsoBooked']) expect(visible).not.to.include(hidden)
					if (view === 'staff' && slot.appointment) expect(JSON.parse(visible).appointment).to.deep.equal(slot.appointment)
					if (view === 'staff') expect(JSON.parse(visible).alsoBooked).to.deep.equal(slot.alsoBooked)
					expect(JSON.parse(visible).heldByMe).to.equal(slot.holderId !== undefined && slot.holderId === viewerId ? true : undefined)
				},
			),
		)
	})
})
