import type { AppointmentStatus, RefusalCode } from '../../contract/index.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { type SlotRef, slotId } from './slot-id.ts'

/**
 * Reads the slots that start within the spans. Listing, holding and booking all read slots through this module, so that a slot which
 * is shown as free can be booked.
 */
export async function readSlots(run: Run, spans: readonly Span[]): Promise<StoredSlot[]> {
	if (spans.length === 0) return []
	const rows = await run<Row>(inSpans, [
		spans.map(span => span.doctorId),
		spans.map(span => span.fromMinute),
		spans.map(span => span.untilMinute),
	])
	return rows.map(toSlot)
}

/**
 * Reads slots between two dates of the doctor's own zone, both inclusive, in order. Without slots the doctor may not exist, and the
 * zone is unknown.
 */
export async function readSlotsBetween(run: Run, doctorId: string, from: string, to: string) {
	const rows = await run<Row & { time_zone: string | null }>(inDates, [doctorId, from, to])
	return { timeZone: rows[0]?.time_zone ?? undefined, slots: rows.map(toSlot) }
}

/**
 * A slot's availability without regard to holds. A booked slot stays booked within time off. Patients have a slot until it starts,
 * staff until it ends.
 */
export function availabilityOf(slot: StoredSlot, nowMs: number, until: 'start' | 'end' = 'start'): Availability {
	if (slot.appointment) return 'booked'
	if ((until === 'start' ? slot.startMinute : slot.endMinute) * 60_000 <= nowMs) return 'past'
	if (slot.isBlocked) return 'blocked'
	return slot.offer ? 'offered' : 'free'
}

/** A slot as PostgreSQL has it, without the holds in Redis. */
export type StoredSlot = SlotRef & {
	endMinute: number
	isBlocked: boolean
	/** `buffer` is true on slots after the visit, which its type keeps free. */
	appointment: (ShownVisit & { buffer?: true }) | null
	/** The open offer that has the slot. */
	offer?: ShownOffer
	/** Extra visits and walk-ins at the time of the slot, if there are any. */
	alsoBooked?: ShownVisit[]
}

/** A visit as staff see it on a slot. */
export type ShownVisit = { id: string; status: AppointmentStatus; patientName: string }

/** The patient to whom a slot is offered, and until when. */
export type ShownOffer = { id: string; patientName: string; patientUserId: string | null; untilMs: number }

type Row = {
	doctor_id: string
	start_minute: number
	end_minute: number
	is_blocked: boolean
	appointment_id: string | null
	status: AppointmentStatus | null
	patient_name: string | null
	is_buffer: boolean | null
	also_booked: ShownVisit[] | null
	offer: ShownOffer | null
}

const inSpans = { name: 'slots_in_spans', text: readSql('slots_in_spans.sql', import.meta.url) }
const inDates = { name: 'slots_in_dates', text: readSql('slots_in_dates.sql', import.meta.url) }

/** From `fromMinute`, inclusive, to `untilMinute`, exclusive. */
export type Span = { doctorId: string; fromMinute: number; untilMinute: number }

export type Availability = 'free' | 'offered' | 'booked' | 'blocked' | 'past'

/** Identifies a slot within a batch. It equals the slot's id, whose form is opaque to clients only. */
export const slotKey = ({ doctorId, startMinute }: SlotRef): string => slotId(doctorId, startMinute)

function toSlot(row: Row): StoredSlot {
	return {
		doctorId: row.doctor_id,
		startMinute: row.start_minute,
		endMinute: row.end_minute,
		isBlocked: row.is_blocked,
		appointment: row.appointment_id
			? {
					id: row.appointment_id,
					status: row.status ?? 'booked',
					patientName: row.patient_name ?? '',
					...(row.is_buffer && { buffer: true as const }),
				}
			: null,
		...(row.offer && { offer: row.offer }),
		...(row.also_booked && { alsoBooked: row.also_booked }),
	}
}

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

const refusalOf = { offered: 'slot_held', booked: 'slot_booked', blocked: 'slot_blocked', past: 'slot_in_past' } as const

/** Why the slots cannot be taken, without regard to holds; null when they can. */
export function whyUnavailable(slots: readonly StoredSlot[], nowMs: number, until?: 'start' | 'end'): RefusalCode | null {
	for (const slot of slots) {
		const availability = availabilityOf(slot, nowMs, until)
		if (availability !== 'free') return refusalOf[availability]
	}
	return null
}
