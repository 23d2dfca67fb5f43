import type { Role, Slot, SlotChange } from '../../contract/index.ts'
import type { StoredSlot } from './availability.ts'
import { instantOf, isoOf, slotId } from './slot-id.ts'

/** Who holds a slot, as Redis has it. */
export type Holder = { userId: string; name: string; role: Role; untilMs: number }

/** Who holds which slots of a doctor, by the minute they start, at a version of the calendar. */
export type Held = { version: number; holders: Map<number, Holder> }

/**
 * A slot as it travels between nodes: everything, and who holds it, so that each node can cut out what is not for a watcher.
 *
 * Its JSON has its keys in the order of `slotKeys`, and nodes and scripts rely on that. All before the state never changes
 * (`jsonBeforeState`): scripts keep it as text in a hold's record, and complete it where only they know whether the slot is held
 * (`free_slot` and `held_slot` of board.lua). What the public may see comes before what it may not (`publicChangeJson`). The
 * holder comes last of a slot that is held (`holderIn`). test/slots/codec.test.ts compares the two languages.
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

/** What a slot looks like now, all things considered. A free slot that has begun can no longer be booked: it is shown as blocked. */
export function fullSlot(stored: StoredSlot, holder: Holder | undefined, nowMs: number): FullSlot {
	// Written out, here and below: copying with spreads costs more than all else that a snapshot does with a slot.
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

/** The beginning of a slot's JSON, which scripts that free or hold it complete with its state. */
export function jsonBeforeState({ doctorId, startMinute, endMinute }: Pick<StoredSlot, 'doctorId' | 'startMinute' | 'endMinute'>): string {
	const id = slotId(doctorId, startMinute)
	// None of it needs to be escaped.
	return `{"id":"${id}","doctorId":"${doctorId}","startsAt":"${instantOf(startMinute)}","endsAt":"${instantOf(endMinute)}",`
}

/** Whose eyes a calendar is shown to. Personal details are in the staff's view only. */
export type View = 'public' | 'staff'

/** The same as JSON. Most slots show neither holder nor visit: then there is nothing to escape, and no object to be made for it. */
export function visibleSlotJson(slot: FullSlot, view: View, viewerId?: string): string {
	const { id, doctorId, startsAt, endsAt, state, heldUntilMs, appointment } = slot
	if (heldUntilMs === undefined && (view === 'public' || !appointment))
		return `{"id":"${id}","doctorId":"${doctorId}","startsAt":"${startsAt}","endsAt":"${endsAt}","state":"${state}"}`
	return JSON.stringify(visibleSlot(slot, view, viewerId))
}

/** Slots under consecutive numbers, as the feed hands them on. */
export function visibleChanges(slotsJson: readonly string[], view: View, fromVersion: number, viewerId?: string): SlotChange[] {
	return slotsJson.map((json, index) => Object.assign(visibleSlot(JSON.parse(json), view, viewerId), { version: fromVersion + index }))
}

/** What the public sees of a slot that changed, as JSON, cut from the JSON of all of it without parsing that. */
export function publicChangeJson(slotJson: string, version: number): string {
	const end = slotJson.indexOf('"', slotJson.indexOf(stateMark) + stateMark.length) + 1
	if (!slotJson.startsWith(heldUntilMark, end)) return `${slotJson.slice(0, end)},"version":${version}}`
	const heldUntil = isoOf(Number.parseInt(slotJson.slice(end + heldUntilMark.length), 10))
	return `${slotJson.slice(0, end)},"heldUntil":"${heldUntil}","version":${version}}`
}

/** Who holds a slot, from its JSON. */
export function holderIn(slotJson: string): string | undefined {
	const idFrom = slotJson.lastIndexOf('"', slotJson.length - 3) + 1
	return slotJson.startsWith(holderMark, idFrom - holderMark.length) ? slotJson.slice(idFrom, -2) : undefined
}

/** The part of a slot that a watcher may see: named one by one, so that what is added later stays hidden until it is named. */
export function visibleSlot(slot: FullSlot, view: View, viewerId?: string): Slot {
	const { id, doctorId, startsAt, endsAt, state, heldUntilMs, holderId, heldBy, appointment } = slot
	const visible: Slot = { id, doctorId, startsAt, endsAt, state }
	if (heldUntilMs !== undefined) visible.heldUntil = isoOf(heldUntilMs)
	if (holderId !== undefined && holderId === viewerId) visible.heldByMe = true
	if (view === 'staff' && heldBy) visible.heldBy = heldBy
	if (view === 'staff' && appointment) visible.appointment = appointment
	return visible
}
