/**
 * A slot's id consists of its doctor and the minute of its start, so that a request for a slot finds its mailbox and its holds
 * without asking the database. The id is opaque to clients.
 */
export const slotId = (doctorId: string, startMinute: number): string => `${doctorId}-${startMinute}`

export type SlotRef = { doctorId: string; startMinute: number }

/** Returns null for an id that this server never gave out. */
export function parseSlotId(id: string): SlotRef | null {
	const match = /^([1-9]\d{0,17})-(0|[1-9]\d{0,8})$/.exec(id)
	return match ? { doctorId: match[1] as string, startMinute: Number(match[2]) } : null
}

export const minuteOf = (instant: Date | string | number): number => Math.floor(new Date(instant).getTime() / 60_000)

/** More than a year of quarter hours. All doctors' slots start at the same few thousand minutes. */
const maxRemembered = 50_000
const instants = new Map<number, string>()

export function instantOf(minute: number): string {
	const known = instants.get(minute)
	if (known !== undefined) return known
	// Formatting dates took the largest part of a snapshot (docs/performance.md).
	const instant = new Date(minute * 60_000).toISOString()
	if (instants.size >= maxRemembered) instants.clear()
	instants.set(minute, instant)
	return instant
}
