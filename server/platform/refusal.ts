import { type RefusalCode, type RefusalExtra, refusals } from '../../contract/index.ts'

export type RefusalDetails = {
	message?: string
	errors?: { path: string; message: string }[]
	/** What a domain adds, in the contract's own words. */
	extra?: RefusalExtra
	retryAfterSeconds?: number
}

/** A request that was understood and turned down. Each transport maps it to its own form, once. */
export class Refusal extends Error {
	readonly code: RefusalCode
	readonly details: RefusalDetails

	constructor(code: RefusalCode, details: RefusalDetails = {}) {
		// A refusal is an answer, not an accident: nobody reads where it was made, and in a stampede there are thousands.
		const { stackTraceLimit } = Error
		Error.stackTraceLimit = 0
		super(details.message ?? refusals[code].title)
		Error.stackTraceLimit = stackTraceLimit
		this.code = code
		this.details = details
	}
}

export function invalidInput(path: string, message: string) {
	return new Refusal('invalid_input', { message: `${path}: ${message}`, errors: [{ path, message }] })
}
