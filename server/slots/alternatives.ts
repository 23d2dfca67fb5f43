import type { SlotOffer } from '../../contract/index.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { instantOf, slotId } from './slot-id.ts'

/** Reads free slots of each doctor before and after a minute, in order. */
export async function readFreeSlots(
	run: Run,
	around: readonly { doctorId: string; minute: number }[],
	{ before = 60, after = 240 } = {},
): Promise<Map<string, FreeSlot[]>> {
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

/** Returns the free slots nearest in time to the one that was refused, each with room for `minutes`. `free` is in order of time. */
export function nearestOffers(
	doctorId: string,
	free: readonly FreeSlot[],
	isTaken: (startMinute: number) => boolean,
	wantedMinute: number,
	minutes = 1,
	atMost = offersOnRefusal,
): SlotOffer[] {
	const firstAfter = free.findIndex(slot => slot.startMinute >= wantedMinute)
	let after = firstAfter === -1 ? free.length : firstAfter
	let before = after - 1
	const distance = (index: number) => Math.abs((free[index]?.startMinute ?? Number.POSITIVE_INFINITY) - wantedMinute)
	const offers: SlotOffer[] = []
	while (offers.length < atMost && (before >= 0 || after < free.length)) {
		const index = distance(before) <= distance(after) ? before-- : after++
		const { startMinute, endMinute } = free[index] as FreeSlot
		if (startMinute === wantedMinute || !hasRoom(free, index, minutes, isTaken)) continue
		offers.push({
			id: slotId(doctorId, startMinute),
			doctorId,
			startsAt: instantOf(startMinute),
			endsAt: instantOf(endMinute),
			state: 'free',
		})
	}
	return offers
}

/** A free slot, as far as the database knows. */
export type FreeSlot = { startMinute: number; endMinute: number }

const statement = { name: 'free_slots_around', text: readSql('free_slots_around.sql', import.meta.url) }

/** How many alternatives a refusal carries. */
const offersOnRefusal = 5

/** Whether the slot and those that follow it without a gap have room for the minutes. */
function hasRoom(free: readonly FreeSlot[], index: number, minutes: number, isTaken: (startMinute: number) => boolean): boolean {
	const from = (free[index] as FreeSlot).startMinute
	let until = from
	for (let i = index; until < from + minutes; i++) {
		const slot = free[i]
		if (slot?.startMinute !== until || isTaken(slot.startMinute)) return false
		until = slot.endMinute
	}
	return true
}
