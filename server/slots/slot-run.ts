import type { RefusalCode } from '../../contract/index.ts'
import { availabilityOf, type StoredSlot } from './availability.ts'

export type SlotLookup = (startMinute: number) => StoredSlot | undefined

/** The consecutive slots that an appointment takes, or why it cannot have them. */
export type SlotRun = { slots: StoredSlot[] } | { refusal: RefusalCode }

/**
 * Finds the slots from `startMinute` on that cover `minutes`: one, when no length is asked for.
 * Slots are consecutive when each starts as the one before it ends.
 */
export function consecutiveSlots(lookup: SlotLookup, startMinute: number, minutes: number | undefined): SlotRun {
	const slots: StoredSlot[] = []
	let next = startMinute
	const endMinute = startMinute + (minutes ?? 1)
	while (next < endMinute) {
		const slot = lookup(next)
		// A day that ends before the appointment would has no room for it: the time beyond is not on offer.
		if (!slot) return { refusal: slots.length === 0 ? 'not_found' : 'slot_blocked' }
		slots.push(slot)
		next = slot.endMinute
	}
	return { slots }
}

const refusalOf = { booked: 'slot_booked', blocked: 'slot_blocked', past: 'slot_in_past' } as const

/** Why these slots cannot be taken, as far as the database knows; null when they can. */
export function whyUnavailable(slots: readonly StoredSlot[], nowMs: number): RefusalCode | null {
	for (const slot of slots) {
		const availability = availabilityOf(slot, nowMs)
		if (availability !== 'free') return refusalOf[availability]
	}
	return null
}
