import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'

/** Knows which doctors exist. Doctors are never removed, so a node remembers those that it has found. */
export function createDoctors(run: Run): Doctors {
	// Promises, so that callers who ask at once go on in the order in which they asked.
	const known = new Map<string, Promise<boolean>>()
	return {
		exists(doctorId) {
			if (!isDatabaseId(doctorId)) return Promise.resolve(false)
			const asked = known.get(doctorId) ?? find(doctorId)
			known.set(doctorId, asked)
			return asked
		},
	}

	async function find(doctorId: string): Promise<boolean> {
		try {
			const isFound = (await run(statement, [doctorId])).length > 0
			if (!isFound) known.delete(doctorId)
			return isFound
		} catch (error) {
			known.delete(doctorId)
			throw error
		}
	}
}

export type Doctors = {
	/** Whether the doctor exists, active or not. Callers ask before they write anything for a doctor into Redis. */
	exists(doctorId: string): Promise<boolean>
}

const statement = { name: 'doctor_exists', text: 'SELECT FROM doctors WHERE id = $1' }
