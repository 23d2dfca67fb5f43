import { readSql, type Tx } from '../platform/database/database.ts'
import { type Announcements, rowsOf } from './calendars.ts'

/** Shows calendars in the zone of the plan in force; watchers read a calendar again when its zone has changed. */
export async function followZones(trx: Tx, announcements: Announcements, doctorIds: string[]): Promise<void> {
	const changed = await rowsOf<{ doctorId: string }>(trx, followZonesOf, { doctorIds })
	if (changed.length > 0) await announcements.write(trx, changed)
}

const followZonesOf = readSql('./follow_zones.sql', import.meta.url)
