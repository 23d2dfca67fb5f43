import type { RefusalCode } from '../../contract/index.ts'
import { availabilityOf, type StoredSlot } from './availability.ts'

export type SlotLookup = (startMinute: number) => StoredSlot | undefined

/** The consecutive slots of an appointment, or why there are none. */
export type SlotRun = { slots: StoredSlot[] } | { refusal: RefusalCode }

/**
 * Finds the slots from `startMinute` that cover `minutes`, or a single slot without `minutes`. Slots are consecutive when each starts
 * as the one before it ends.
 */
export function consecutiveSlots(lookup: SlotLookup, startMinute: number, minutes: number | undefined): SlotRun {
	const slots: StoredSlot[] = []
	let next = startMinute
	const endMinute = startMinute + (minutes ?? 1)
	while (next < endMinute) {
		const slot = lookup(next)
		// The day ends before the appointment would, so the remaining time cannot be booked.
		if (!slot) return { refusal: slots.length === 0 ? 'not_found' : 'slot_blocked' }
		slots.push(slot)
		next = slot.endMinute
	}
	return { slots }
}

const refusalOf = { booked: 'slot_booked', blocked: 'slot_blocked', past: 'slot_in_past' } as const

/** Why the slots cannot be taken, without regard to holds; null when they can. */
export function whyUnavailable(slots: readonly StoredSlot[], nowMs: number): RefusalCode | null {
	for (const slot of slots) {
		const availability = availabilityOf(slot, nowMs)
		if (availability !== 'free') return refusalOf[availability]
	}
	return null
}
