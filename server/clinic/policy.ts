import type { ClinicPolicy } from '../../contract/index.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { given } from './fields.ts'

export type PolicyDefaults = Pick<ClinicPolicy, 'cancelCutoffMinutes' | 'slotDaysAhead'> & { reminderMinutes: readonly number[] }

export type PolicyRow = {
	cancel_cutoff_minutes: number | null
	max_upcoming_per_patient: number | null
	overbooking: ClinicPolicy['overbooking']
	has_waitlist: boolean
	reminder_minutes: number[] | null
	slot_days_ahead: number | null
}

export const toPolicy = (row: PolicyRow, defaults: PolicyDefaults): ClinicPolicy => ({
	cancelCutoffMinutes: row.cancel_cutoff_minutes ?? defaults.cancelCutoffMinutes,
	...given({ maxUpcomingPerPatient: row.max_upcoming_per_patient }),
	overbooking: row.overbooking,
	waitlist: row.has_waitlist,
	reminderMinutes: [...(row.reminder_minutes ?? defaults.reminderMinutes)],
	slotDaysAhead: row.slot_days_ahead ?? defaults.slotDaysAhead,
})

const freshMs = 1000

/** The policies as booking asks for them, for every batch: a node remembers them for a moment. */
export function createPolicy(run: Run, defaults: PolicyDefaults) {
	let read: { atMs: number; policy: Promise<ClinicPolicy> } | undefined
	return {
		read(): Promise<ClinicPolicy> {
			if (read && performance.now() - read.atMs <= freshMs) return read.policy
			const reading = {
				atMs: performance.now(),
				policy: run<PolicyRow>(statement, []).then(([row]) => toPolicy(row as PolicyRow, defaults)),
			}
			reading.policy.catch(() => {
				if (read === reading) read = undefined
			})
			read = reading
			return reading.policy
		},
		forget(): void {
			read = undefined
		},
	}
}

const statement = {
	name: 'clinic_policy',
	text: 'SELECT cancel_cutoff_minutes, max_upcoming_per_patient, overbooking, has_waitlist, reminder_minutes, slot_days_ahead FROM clinic',
}
