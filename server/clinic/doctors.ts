import { isDatabaseId } from '../platform/database/page.ts'
import type { Run } from '../platform/database/pipeline.ts'

export type Doctors = {
	/** Whether somebody has this calendar, active or not. What is done for a doctor who does not exist would leave traces for ever. */
	exists(doctorId: string): Promise<boolean>
}

const statement = { name: 'doctor_exists', text: 'SELECT FROM doctors WHERE id = $1' }

/** Which doctors there are. Calendars are never removed, so a node remembers those that it has found. */
export function createDoctors(run: Run): Doctors {
	const known = new Set<string>()
	return {
		async exists(doctorId) {
			if (known.has(doctorId)) return true
			if (!isDatabaseId(doctorId) || (await run(statement, [doctorId])).length === 0) return false
			known.add(doctorId)
			return true
		},
	}
}
