import type { ClinicPolicy } from '../../contract/index.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { type Remembered, remembered } from '../platform/remembered.ts'
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

/** The policies as booking asks for them, for every batch: a node remembers them for a moment. */
export function createPolicy(run: Run, defaults: PolicyDefaults): Remembered<ClinicPolicy> {
	return remembered(async () => toPolicy((await run<PolicyRow>(statement, []))[0] as PolicyRow, defaults), freshMs)
}

const freshMs = 1000

const statement = {
	name: 'clinic_policy',
	text: 'SELECT cancel_cutoff_minutes, max_upcoming_per_patient, overbooking, has_waitlist, reminder_minutes, slot_days_ahead FROM clinic',
}
