import { newKey } from '../api/attempt.ts'
import { ApiError } from '../api/http.ts'

/** After these nobody knows whether it was done: the next try must say that it is the same one. */
const open = new Set(['unreachable', 'booking_pending', 'queue_full', 'internal', 'rate_limited'])

/** Keeps one idempotency key for as long as the outcome of the same request is not known. */
export const createAttempts = () => {
	let pending: { payload: string; key: string } | undefined
	return async <T>(payload: object, send: (key: string) => Promise<T>): Promise<T> => {
		const text = JSON.stringify(payload)
		const attempt = pending?.payload === text ? pending : { payload: text, key: newKey() }
		pending = attempt
		try {
			const answer = await send(attempt.key)
			pending = undefined
			return answer
		} catch (error) {
			if (!(error instanceof ApiError && open.has(error.code))) pending = undefined
			throw error
		}
	}
}
