import type { SlotOffer } from '../../contract/index.ts'
import { readSql } from '../platform/database.ts'
import type { Run } from '../platform/pipeline.ts'
import { instantOf, slotId } from './slot-id.ts'

/** A free slot, as far as the database knows. */
export type FreeSlot = { startMinute: number; endMinute: number }

const statement = { name: 'free_slots_around', text: readSql('free_slots_around.sql', import.meta.url) }

/** Free slots of each doctor before and after a minute, in order. */
export const readFreeSlots = async (
	run: Run,
	around: readonly { doctorId: string; minute: number }[],
	{ before = 60, after = 240 } = {},
): Promise<Map<string, FreeSlot[]>> => {
	const rows = await run<{ doctor_id: string; start_minute: number; end_minute: number }>(statement, [
		around.map(each => each.doctorId),
		around.map(each => each.minute),
		before,
		after,
	])
	const byDoctor = new Map<string, FreeSlot[]>(around.map(each => [each.doctorId, []]))
	for (const row of rows) byDoctor.get(row.doctor_id)?.push({ startMinute: row.start_minute, endMinute: row.end_minute })
	for (const slots of byDoctor.values()) slots.sort((a, b) => a.startMinute - b.startMinute)
	return byDoctor
}

const hasRoom = (byStart: Map<number, FreeSlot>, startMinute: number, minutes: number): boolean => {
	let next = startMinute
	while (next < startMinute + minutes) {
		const slot = byStart.get(next)
		if (!slot) return false
		next = slot.endMinute
	}
	return true
}

/** How many others somebody is offered whose slot is gone. */
export const offersOnRefusal = 5

/** The free slots nearest in time to the one that could not be had, each with room for `minutes`. */
export const nearestOffers = (
	doctorId: string,
	free: readonly FreeSlot[],
	isTaken: (startMinute: number) => boolean,
	wantedMinute: number,
	minutes = 1,
	atMost = offersOnRefusal,
): SlotOffer[] => {
	const byStart = new Map(free.filter(slot => !isTaken(slot.startMinute)).map(slot => [slot.startMinute, slot]))
	return [...byStart.values()]
		.filter(slot => slot.startMinute !== wantedMinute && hasRoom(byStart, slot.startMinute, minutes))
		.sort((a, b) => Math.abs(a.startMinute - wantedMinute) - Math.abs(b.startMinute - wantedMinute) || a.startMinute - b.startMinute)
		.slice(0, atMost)
		.map(slot => ({
			id: slotId(doctorId, slot.startMinute),
			doctorId,
			startsAt: instantOf(slot.startMinute),
			endsAt: instantOf(slot.endMinute),
			state: 'free' as const,
		}))
}
