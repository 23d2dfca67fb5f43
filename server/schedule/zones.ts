import { type DbOrTx, readSql, type Tx } from '../platform/database/database.ts'
import { invalidInput } from '../platform/refusal.ts'
import type { Announcements } from './announcements.ts'
import { rowsOf } from './statements.ts'

/** Shows calendars in the zone of the plan in force; watchers read those anew whose zone has changed. */
export async function followZones(trx: Tx, announcements: Announcements, doctorIds: string[]): Promise<void> {
	const changed = await rowsOf<{ doctorId: string }>(trx, followZonesOf, { doctorIds })
	if (changed.length > 0) await announcements.write(trx, changed)
}

/**
 * PostgreSQL turns wall-clock times into instants, so it must know the zone too; its list may be older than Node's.
 *
 * @throws Refusal invalid_input
 */
export async function checkTimeZone(db: DbOrTx, timeZone: string): Promise<void> {
	try {
		await db.raw('SELECT now() AT TIME ZONE ?', [timeZone])
	} catch (error) {
		if ((error as { code?: string }).code === '22023') throw invalidInput('timeZone', 'must be an IANA time zone that the database knows')
		throw error
	}
}

const followZonesOf = readSql('./follow_zones.sql', import.meta.url)
