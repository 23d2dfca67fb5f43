import { type RefusalCode, refusals } from '../../contract/index.ts'
import { Refusal } from '../platform/refusal.ts'
import { proposalId } from './proposals.ts'
import type { Resource } from './resource.ts'

/** An answer of FHIR's own that no code of the contract says, such as a stale version. */
export class FhirRefusal extends Error {
	readonly status: number
	readonly issue: string
	/** Stands in `details.coding`. */
	readonly code: string

	constructor(status: number, issue: string, code: string, message: string) {
		super(message)
		this.status = status
		this.issue = issue
		this.code = code
	}
}

/** The status and the OperationOutcome of a refusal. */
export function outcomeOf(refusal: Refusal | FhirRefusal, base: string, typeId?: string): { status: number; outcome: Resource } {
	const { status, issue } = refusal instanceof FhirRefusal ? refusal : kindOf(refusal)
	const details = refusal instanceof Refusal ? refusal.details : {}
	const alternatives = (details.extra?.alternatives ?? []).map(({ id, startsAt, endsAt }) => ({
		url: `${base}/StructureDefinition/alternative`,
		extension: [
			{
				url: 'appointment',
				valueReference: { reference: typeId === undefined ? `Slot/${id}` : `Appointment/${proposalId(id, typeId)}` },
			},
			{ url: 'slot', valueReference: { reference: `Slot/${id}` } },
			{ url: 'period', valuePeriod: { start: startsAt, end: endsAt } },
		],
	}))
	const paths = details.errors?.map(({ path }) => path).filter(Boolean)
	return {
		status,
		outcome: operationOutcome({
			...(alternatives.length > 0 && { extension: alternatives }),
			severity: status === 409 ? 'fatal' : 'error',
			code: issue,
			details: { coding: [{ system: `${base}/CodeSystem/refusal`, code: refusal.code }], text: refusal.message },
			diagnostics: refusal.message,
			...(paths?.length && { expression: paths }),
		}),
	}
}

export function operationOutcome(...issue: Record<string, unknown>[]): Resource {
	return { resourceType: 'OperationOutcome', issue }
}

export function information(text: string): Resource {
	return operationOutcome({ severity: 'information', code: 'informational', details: { text } })
}

type Kind = { status: number; issue: string }

function kindOf(refusal: Refusal): Kind {
	return kinds[refusal.code] ?? { status: refusals[refusal.code].status, issue: 'processing' }
}

const businessRule = { status: 422, issue: 'business-rule' }
const conflict = { status: 409, issue: 'conflict' }

/** The table of `docs/fhir.md`. */
const kinds: Partial<Record<RefusalCode, Kind>> = {
	invalid_input: { status: 400, issue: 'invalid' },
	unauthenticated: { status: 401, issue: 'login' },
	invalid_credentials: { status: 401, issue: 'login' },
	token_expired: { status: 401, issue: 'expired' },
	forbidden: { status: 403, issue: 'forbidden' },
	account_pending: { status: 403, issue: 'forbidden' },
	account_disabled: { status: 403, issue: 'forbidden' },
	second_factor_needed: { status: 403, issue: 'forbidden' },
	not_found: { status: 404, issue: 'not-found' },
	slot_booked: conflict,
	slot_held: conflict,
	slot_blocked: conflict,
	patient_overlap: conflict,
	hold_expired: conflict,
	offer_ended: conflict,
	slot_in_past: businessRule,
	too_soon: businessRule,
	too_far: businessRule,
	too_late: businessRule,
	daily_limit: businessRule,
	upcoming_limit: businessRule,
	type_not_offered: businessRule,
	wrong_status: businessRule,
	idempotency_mismatch: { status: 422, issue: 'duplicate' },
	hold_limit: { status: 429, issue: 'throttled' },
	rate_limited: { status: 429, issue: 'throttled' },
	queue_full: { status: 503, issue: 'transient' },
	booking_pending: { status: 503, issue: 'timeout' },
	payload_too_large: { status: 413, issue: 'too-long' },
	internal: { status: 500, issue: 'exception' },
}
