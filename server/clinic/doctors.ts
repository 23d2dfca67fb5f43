import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'

/** Knows which doctors exist. Doctors are never removed, so a node remembers those that it has found. */
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

export type Doctors = {
	/** Whether the doctor exists, active or not. Callers ask before they write anything for a doctor into Redis. */
	exists(doctorId: string): Promise<boolean>
}

const statement = { name: 'doctor_exists', text: 'SELECT FROM doctors WHERE id = $1' }
