import type { Role, Slot, SlotChange } from '../../contract/index.ts'
import type { StoredSlot } from './availability.ts'
import { instantOf, slotId } from './slot-id.ts'

/** The holder of a slot, as Redis has it. */
export type Holder = { userId: string; name: string; role: Role; untilMs: number }

/** The holders of a doctor's slots, by the minute of the slot's start, at a version of the calendar. */
export type Held = { version: number; holders: Map<number, Holder> }

/**
 * A slot as it travels between nodes: with all details and its holder, so that each node can cut out what a watcher may not see.
 *
 * In its JSON the state comes after all that never changes (`jsonBeforeState`): scripts keep that beginning in a hold's record and
 * add the state, because only they know whether the slot is held (`free_slot` and `held_slot` of board.lua).
 * test/slots/codec.test.ts compares the two languages.
 */
export type FullSlot = Omit<Slot, 'heldByMe' | 'heldUntil'> & { heldUntilMs?: number; holderId?: string }

/** Combines a slot with its hold. A free slot that has ended cannot be booked any more and is shown as blocked. */
export function fullSlot(stored: StoredSlot, holder: Holder | undefined, nowMs: number): FullSlot {
	// Fields are assigned one by one, here and below, because spreads would cost more than all other work of a snapshot.
	const slot = {
		id: slotId(stored.doctorId, stored.startMinute),
		doctorId: stored.doctorId,
		startsAt: instantOf(stored.startMinute),
		endsAt: instantOf(stored.endMinute),
	} as FullSlot
	if (stored.alsoBooked) slot.alsoBooked = stored.alsoBooked
	slot.state = 'free'
	if (stored.appointment) {
		const { id, status, patientName, buffer } = stored.appointment
		slot.state = 'booked'
		slot.appointment = buffer ? { id, patientName, status, buffer } : { id, patientName, status }
	} else if (stored.isBlocked || stored.endMinute * 60_000 <= nowMs) {
		slot.state = 'blocked'
	} else if (stored.offer) {
		const { patientName, patientUserId, untilMs } = stored.offer
		slot.state = 'held'
		slot.heldUntilMs = untilMs
		slot.offeredTo = { patientName }
		if (patientUserId !== null) slot.holderId = patientUserId
	} else if (holder) {
		slot.state = 'held'
		slot.heldUntilMs = holder.untilMs
		slot.heldBy = { name: holder.name, role: holder.role }
		slot.holderId = holder.userId
	}
	return slot
}

/** Returns a slot's JSON up to its state, which scripts add. */
export function jsonBeforeState({ doctorId, startMinute, endMinute, alsoBooked }: BeforeState): string {
	const id = slotId(doctorId, startMinute)
	const beside = alsoBooked ? `"alsoBooked":${JSON.stringify(alsoBooked)},` : ''
	// None of the other values needs escaping.
	return `{"id":"${id}","doctorId":"${doctorId}","startsAt":"${instantOf(startMinute)}","endsAt":"${instantOf(endMinute)}",${beside}`
}

type BeforeState = Pick<StoredSlot, 'doctorId' | 'startMinute' | 'endMinute' | 'alsoBooked'>

/** The audience of a calendar. Only the staff's view contains personal details. */
export type View = 'public' | 'staff'

/** Turns slots from the feed into changes with consecutive versions. */
export function visibleChanges(slots: readonly FullSlot[], { view, viewerId, nowMs }: Viewing, fromVersion: number): SlotChange[] {
	const now = new Date(nowMs).toISOString()
	return slots.map((slot, index) => Object.assign(visibleSlot(slot, view, now, viewerId), { version: fromVersion + index }))
}

export type Viewing = { view: View; viewerId?: string | undefined; nowMs: number }

/**
 * Returns the part of a slot that a watcher may see. Names each field, so that a new field stays hidden until it is added here. A slot
 * that has begun is over for the public, while staff can still book it. `now` is an instant as the slots have it.
 */
export function visibleSlot(slot: FullSlot, view: View, now: string, viewerId?: string): Slot {
	const { id, doctorId, startsAt, endsAt, state, heldUntilMs, holderId, heldBy, offeredTo, appointment, alsoBooked } = slot
	if (view === 'public' && state !== 'booked' && startsAt <= now) return { id, doctorId, startsAt, endsAt, state: 'blocked' }
	const visible: Slot = { id, doctorId, startsAt, endsAt, state }
	if (heldUntilMs !== undefined) visible.heldUntil = new Date(heldUntilMs).toISOString()
	if (holderId !== undefined && holderId === viewerId) visible.heldByMe = true
	if (view === 'staff' && heldBy) visible.heldBy = heldBy
	if (view === 'staff' && offeredTo) visible.offeredTo = offeredTo
	if (view === 'staff' && appointment) visible.appointment = appointment
	if (view === 'staff' && alsoBooked) visible.alsoBooked = alsoBooked
	return visible
}
