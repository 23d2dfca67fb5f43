// How a request is repeated whose outcome is not known, without being carried out twice.
import { ApiError, errorProperties, getAccessToken, request } from './http.ts'
import { reopen } from './socket.ts'

/** Names one attempt; also where the page did not come over HTTPS, which `crypto.randomUUID` insists on. */
export const newKey = (): string =>
	Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')

export type Attempt = ReturnType<typeof createAttempts>

/**
 * Repeats a request patiently, under one idempotency key for as long as the outcome of that payload is not known: also when
 * the person tries again later. A known outcome ends the attempt, so that the same wish is a new one afterwards.
 */
export function createAttempts() {
	let pending: { payload: string; key: string } | undefined
	return async <T>(payload: object, send: (key: string) => Promise<T>, patience?: Patience): Promise<T> => {
		const text = JSON.stringify(payload)
		const attempt = pending?.payload === text ? pending : { payload: text, key: newKey() }
		pending = attempt
		const end = () => {
			if (pending === attempt) pending = undefined
		}
		try {
			const answer = await patiently(() => send(attempt.key), patience)
			end()
			return answer
		} catch (error) {
			if (!errorProperties(error).retry) end()
			throw error
		}
	}
}

type Patience = {
	/** At most, the first included. */
	tries?: number
	/** Is called before each repetition. */
	onWait?: () => void
}

const sessionCodes: ReadonlySet<string> = new Set(['unauthenticated', 'token_expired'])

/**
 * Asks again when the answer may come later: the request must be safe to repeat.
 *
 * @throws ApiError the last one
 */
export async function patiently<T>(ask: () => Promise<T>, { tries = 6, onWait = () => {} }: Patience = {}): Promise<T> {
	let signedInAgain = false
	for (let attempt = 1; ; attempt++) {
		try {
			return await ask()
		} catch (error) {
			if (!(error instanceof ApiError) || attempt >= tries) throw error
			if (sessionCodes.has(error.code) && getAccessToken() && !signedInAgain) {
				signedInAgain = true
				await signConnectionIn()
			} else if (errorProperties(error).retry === 'automatic') {
				onWait()
				await new Promise(resolve => setTimeout(resolve, waitMs(error, attempt)))
			} else throw error
		}
	}
}

/** Signs the connection in again when the session is still good. */
const signConnectionIn = async () => {
	await request('/me')
	reopen()
}

const maxWaitMs = 5000

const waitMs = (error: ApiError, attempt: number) =>
	Math.min(maxWaitMs, error.problem?.retryAfterSeconds !== undefined ? error.problem.retryAfterSeconds * 1000 : 400 * 2 ** (attempt - 1))
