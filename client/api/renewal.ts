import { newKey } from './attempt.ts'
import { ApiError } from './http.ts'

/** The key of the renewal whose answer has not been seen yet, by this page or by one that is gone. */
const unseen = 'liveslot-renewal'

const begun = (): string => {
	const key = newKey()
	try {
		const before = localStorage.getItem(unseen)
		if (before) return before
		localStorage.setItem(unseen, key)
	} catch {}
	return key
}

const ended = () => {
	try {
		localStorage.removeItem(unseen)
	} catch {}
}

/** The HTTP answers with which the server refuses a session. */
const ends: ReadonlySet<number | undefined> = new Set([401, 403])

/** Whether the server said no; one in trouble does not. */
export const isRefused = (error: unknown): boolean => error instanceof ApiError && ends.has(error.problem?.status)

/** The server may have traded the token though its answer did not arrive: it gives the next one again to who brings the same key. */
const renewing = async <T>(renew: (key: string) => Promise<T>): Promise<T> => {
	try {
		const renewed = await renew(begun())
		ended()
		return renewed
	} catch (error) {
		if (isRefused(error)) ended()
		throw error
	}
}

/** Longer than this no page waits for the others': it says that there is trouble. */
const turnMs = 8000

/** One renewal at a time in all pages of a browser: a refresh token that is used twice ends the session. */
export const renewAlone = async <T>(renew: (key: string) => Promise<T>): Promise<T> => {
	// Browsers have locks only where the connection is safe from others.
	if (!('locks' in navigator)) return await renewing(renew)
	return (await navigator.locks.request('liveslot-renewal', { signal: AbortSignal.timeout(turnMs) }, () => renewing(renew))) as T
}
