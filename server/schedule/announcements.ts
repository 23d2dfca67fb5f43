import type { Tx } from '../platform/database/database.ts'

/** How watchers hear of changes: written in the transaction that makes them, told after it. */
export type Announcements = {
	/** Slots that are blocked or open now; all of the calendar where no starts are named. */
	write(trx: Tx, changes: { doctorId: string; startsAt?: Date[] }[]): Promise<void>
	tell(): Promise<void>
}

/** Whose slots came, went, or are left over: a visit that is being cancelled leaves such a slot closed, which watchers must hear. */
export function changedCalendars(
	generated: readonly { doctorId: string; created: number; removed: number; marked: number }[],
): { doctorId: string }[] {
	return generated.filter(({ created, removed, marked }) => created + removed + marked > 0).map(({ doctorId }) => ({ doctorId }))
}
