import type { Appointment } from '../../contract/index.ts'

const byStart = (a: Appointment, b: Appointment) => (a.startsAt === b.startsAt ? 0 : a.startsAt < b.startsAt ? -1 : 1)

/**
 * A list of appointments with later changes in it: of two states of an appointment, the one with the higher sequence. So it does
 * not matter whether a change arrived before or after the list was read.
 */
export const merge = (listed: readonly Appointment[], changes: ReadonlyMap<string, Appointment>): Appointment[] => {
	const known = new Map(listed.map(appointment => [appointment.id, appointment]))
	for (const [id, changed] of changes)
		if ((known.get(id)?.sequence ?? -1) <= changed.sequence) known.set(id, { ...known.get(id), ...changed })
	return [...known.values()].sort(byStart)
}
