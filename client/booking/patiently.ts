import { ApiError, getAccessToken, request } from '../api/http.ts'
import { reopen } from '../api/socket.ts'

const passing: ReadonlySet<string> = new Set(['booking_pending', 'queue_full', 'unreachable', 'rate_limited'])
const sessionCodes: ReadonlySet<string> = new Set(['unauthenticated', 'token_expired'])

const maxWaitMs = 5000

const waitMs = (error: ApiError, attempt: number) =>
	Math.min(maxWaitMs, error.problem?.retryAfterSeconds !== undefined ? error.problem.retryAfterSeconds * 1000 : 400 * 2 ** (attempt - 1))

/** Signs the connection in again when the session is still good. */
const signConnectionIn = async () => {
	await request('/me')
	reopen()
}

/**
 * Asks again when the answer may come later: what is asked must be safe to repeat.
 *
 * @param tries at most, the first included
 * @param onWait called before each repetition
 * @throws ApiError the last one
 */
export const patiently = async <T>(ask: () => Promise<T>, { tries = 6, onWait = () => {} } = {}): Promise<T> => {
	let signedInAgain = false
	for (let attempt = 1; ; attempt++) {
		try {
			return await ask()
		} catch (error) {
			if (!(error instanceof ApiError) || attempt >= tries) throw error
			if (sessionCodes.has(error.code) && getAccessToken() && !signedInAgain) {
				signedInAgain = true
				await signConnectionIn()
			} else if (passing.has(error.code)) {
				onWait()
				await new Promise(resolve => setTimeout(resolve, waitMs(error, attempt)))
			} else throw error
		}
	}
}
