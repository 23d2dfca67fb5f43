import type { Knex } from 'knex'
import { type DbOrTx, readSql, type Tx } from '../platform/database/database.ts'

const lockDoctors = readSql('./lock_doctors.sql', import.meta.url)

/**
 * Locks these doctors' calendars until the transaction ends. Generation, schedules and time off wait for one another; bookings do
 * not wait.
 */
export async function lockCalendars(trx: Tx, doctorIds: string[]): Promise<void> {
	await rowsOf(trx, lockDoctors, { doctorIds })
}

/** Runs a statement with named values (`:doctorIds`). */
export async function rowsOf<Row>(db: DbOrTx, text: string, values: Record<string, unknown> = {}): Promise<Row[]> {
	return (await db.raw(text, values as Knex.ValueDict)).rows
}

/** Tells watchers about changes: written in the transaction that makes the change, told after its commit. */
export type Announcements = {
	/** Announces the slots with these starts, or without starts the whole calendar. */
	write(trx: Tx, changes: { doctorId: string; startsAt?: Date[] }[]): Promise<void>
	tell(): Promise<void>
}
