import { invalidInput } from '../refusal.ts'
import type { Db } from './database.ts'

/**
 * PostgreSQL turns wall-clock times into instants, so it must know the zone too. Its list of zones may be older than Node's.
 *
 * @throws Refusal invalid_input
 */
export async function checkTimeZone(db: Db, timeZone: string): Promise<void> {
	try {
		await db.raw('SELECT now() AT TIME ZONE ?', [timeZone])
	} catch (error) {
		if ((error as { code?: string }).code === '22023') throw invalidInput('timeZone', 'must be an IANA time zone that the database knows')
		throw error
	}
}
