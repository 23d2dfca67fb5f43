import type { Appointment, AppointmentChange, RefusalCode, SlotOffer } from '../../contract/index.ts'
import { Refusal } from '../platform/refusal.ts'
import type { ChangeRequest } from './request.ts'

/** What a request came to, as it travels back to the node that took it. */
export type Outcome =
	| { done: Appointment }
	| { refused: RefusalCode; alternatives?: SlotOffer[] }
	/** The appointment has moved to another doctor's queue, where the request must go. */
	| { forward: string }

/** A request and what became of it. */
export type SettledOutcome = { request: ChangeRequest; outcome: Outcome }

/** Something that happened, for those it concerns. */
export type Happening = { appointment: Appointment; change: AppointmentChange; patientUserId: string | null; doctorIds: string[] }

const refusals = new WeakMap<Outcome, Refusal>()

/** @throws Refusal the same one for all who share an outcome */
export const appointmentOf = (outcome: Exclude<Outcome, { forward: string }>): Appointment => {
	if ('done' in outcome) return outcome.done
	const { refused, alternatives } = outcome
	if (!alternatives) throw new Refusal(refused)
	const known = refusals.get(outcome)
	if (known) throw known
	const refusal = new Refusal(refused, { extra: { alternatives } })
	refusals.set(outcome, refusal)
	throw refusal
}
