import type { Role, Slot, SlotChange } from '../../contract/index.ts'
import type { StoredSlot } from './availability.ts'
import { instantOf, isoOf, slotId } from './slot-id.ts'

/** The holder of a slot, as Redis has it. */
export type Holder = { userId: string; name: string; role: Role; untilMs: number }

/** The holders of a doctor's slots, by the minute of the slot's start, at a version of the calendar. */
export type Held = { version: number; holders: Map<number, Holder> }

/**
 * A slot as it travels between nodes: with all details and its holder, so that each node can cut out what a watcher may not see.
 *
 * The keys of its JSON are in the order of `slotKeys`, and nodes and scripts rely on that. The text before the state never changes
 * (`jsonBeforeState`): scripts keep it in a hold's record and add the state, because only they know whether the slot is held
 * (`free_slot` and `held_slot` of board.lua). The public fields come before the others (`publicChangeJson`). In a held slot the
 * holder's id comes last (`holderIn`). test/slots/codec.test.ts compares the two languages.
 */
export type FullSlot = Omit<Slot, 'heldByMe' | 'heldUntil'> & { heldUntilMs?: number; holderId?: string }

export const slotKeys = [
	'id',
	'doctorId',
	'startsAt',
	'endsAt',
	'state',
	'heldUntilMs',
	'heldBy',
	'holderId',
	'appointment',
] as const satisfies (keyof FullSlot)[]

const stateMark = '"state":"'
const heldUntilMark = ',"heldUntilMs":'
const holderMark = ',"holderId":"'

/** Combines a slot with its hold. A free slot that has begun cannot be booked any more and is shown as blocked. */
export function fullSlot(stored: StoredSlot, holder: Holder | undefined, nowMs: number): FullSlot {
	// Fields are assigned one by one, here and below, because spreads would cost more than all other work of a snapshot.
	const slot: FullSlot = {
		id: slotId(stored.doctorId, stored.startMinute),
		doctorId: stored.doctorId,
		startsAt: instantOf(stored.startMinute),
		endsAt: instantOf(stored.endMinute),
		state: 'free',
	}
	if (stored.appointment) {
		const { id, status, patientName } = stored.appointment
		slot.state = 'booked'
		slot.appointment = { id, patientName, status }
	} else if (stored.isBlocked || stored.startMinute * 60_000 <= nowMs) {
		slot.state = 'blocked'
	} else if (holder) {
		slot.state = 'held'
		slot.heldUntilMs = holder.untilMs
		slot.heldBy = { name: holder.name, role: holder.role }
		slot.holderId = holder.userId
	}
	return slot
}

/** Returns a slot's JSON up to its state, which scripts add. */
export function jsonBeforeState({ doctorId, startMinute, endMinute }: Pick<StoredSlot, 'doctorId' | 'startMinute' | 'endMinute'>): string {
	const id = slotId(doctorId, startMinute)
	// None of these values needs escaping.
	return `{"id":"${id}","doctorId":"${doctorId}","startsAt":"${instantOf(startMinute)}","endsAt":"${instantOf(endMinute)}",`
}

/** The audience of a calendar. Only the staff's view contains personal details. */
export type View = 'public' | 'staff'

/** Returns the JSON of `visibleSlot`. Most slots show neither holder nor visit, so that nothing needs escaping and no object is made. */
export function visibleSlotJson(slot: FullSlot, view: View, viewerId?: string): string {
	const { id, doctorId, startsAt, endsAt, state, heldUntilMs, appointment } = slot
	if (heldUntilMs === undefined && (view === 'public' || !appointment))
		return `{"id":"${id}","doctorId":"${doctorId}","startsAt":"${startsAt}","endsAt":"${endsAt}","state":"${state}"}`
	return JSON.stringify(visibleSlot(slot, view, viewerId))
}

/** Turns slots from the feed into changes with consecutive versions. */
export function visibleChanges(slotsJson: readonly string[], view: View, fromVersion: number, viewerId?: string): SlotChange[] {
	return slotsJson.map((json, index) => Object.assign(visibleSlot(JSON.parse(json), view, viewerId), { version: fromVersion + index }))
}

/** Returns a changed slot's public JSON, cut from its full JSON without parsing it. */
export function publicChangeJson(slotJson: string, version: number): string {
	const end = slotJson.indexOf('"', slotJson.indexOf(stateMark) + stateMark.length) + 1
	if (!slotJson.startsWith(heldUntilMark, end)) return `${slotJson.slice(0, end)},"version":${version}}`
	const heldUntil = isoOf(Number.parseInt(slotJson.slice(end + heldUntilMark.length), 10))
	return `${slotJson.slice(0, end)},"heldUntil":"${heldUntil}","version":${version}}`
}

/** Finds the holder's id in a slot's JSON. */
export function holderIn(slotJson: string): string | undefined {
	const idFrom = slotJson.lastIndexOf('"', slotJson.length - 3) + 1
	return slotJson.startsWith(holderMark, idFrom - holderMark.length) ? slotJson.slice(idFrom, -2) : undefined
}

/** Returns the part of a slot that a watcher may see. Names each field, so that a new field stays hidden until it is added here. */
export function visibleSlot(slot: FullSlot, view: View, viewerId?: string): Slot {
	const { id, doctorId, startsAt, endsAt, state, heldUntilMs, holderId, heldBy, appointment } = slot
	const visible: Slot = { id, doctorId, startsAt, endsAt, state }
	if (heldUntilMs !== undefined) visible.heldUntil = isoOf(heldUntilMs)
	if (holderId !== undefined && holderId === viewerId) visible.heldByMe = true
	if (view === 'staff' && heldBy) visible.heldBy = heldBy
	if (view === 'staff' && appointment) visible.appointment = appointment
	return visible
}
