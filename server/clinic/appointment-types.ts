import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'

/** Reads the types of appointments. They are few and rarely change, so a node remembers them for ten seconds. */
export function createAppointmentTypes(run: Run): AppointmentTypes {
	let read: { atMs: number; types: Promise<Map<string, number>> } | undefined

	return {
		async minutesOf(typeId) {
			if (typeId === undefined) return undefined
			let minutes = (await types()).get(typeId)
			if (minutes === undefined) {
				// The type may be newer than the remembered list.
				read = undefined
				minutes = (await types()).get(typeId)
			}
			if (minutes === undefined) throw new Refusal('not_found', { message: 'There is no such appointment type' })
			return minutes
		},
		async defaultId() {
			const [first] = (await types()).keys()
			if (first === undefined) throw new Refusal('not_found', { message: 'The clinic has no appointment types yet' })
			return first
		},
	}

	function types() {
		if (!read || performance.now() - read.atMs > freshMs) {
			const rows = run<{ id: string; minutes: number }>(statement, [])
			const reading = { atMs: performance.now(), types: rows.then(list => new Map(list.map(({ id, minutes }) => [id, minutes]))) }
			reading.types.catch(() => {
				if (read === reading) read = undefined
			})
			read = reading
		}
		return read.types
	}
}

export type AppointmentTypes = {
	/**
	 * Returns the type's length in minutes; undefined without a type, for which an appointment takes one slot.
	 *
	 * @throws Refusal not_found
	 */
	minutesOf(typeId: string | undefined): Promise<number | undefined>
	/** The type of an appointment that is booked without one. */
	defaultId(): Promise<string>
}

const statement = { name: 'appointment_types', text: 'SELECT id::text, minutes FROM appointment_types ORDER BY position, id' }

const freshMs = 10_000
