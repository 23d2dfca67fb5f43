import { ApiError } from './http.ts'

/** When a renewal was sent whose answer has not been seen. */
const sentAt = 'liveslot-renewal-sent'
/** An answer to a page that is gone arrives within this, or hardly ever. */
const landingMs = 2000

const note = (change: () => void) => {
	try {
		change()
	} catch {}
}

/** A page that was left while it renewed its session leaves a token behind that is used up; the next one is about to be stored. */
const landed = async () => {
	let sinceMs = 0
	note(() => {
		sinceMs = Number(localStorage.getItem(sentAt))
	})
	const waitMs = sinceMs + landingMs - Date.now()
	if (waitMs > 0 && waitMs <= landingMs) await new Promise(resolve => setTimeout(resolve, waitMs))
}

const renewing = async <T>(renew: () => Promise<T>): Promise<T> => {
	await landed()
	note(() => localStorage.setItem(sentAt, String(Date.now())))
	const forget = () => note(() => localStorage.removeItem(sentAt))
	try {
		const renewed = await renew()
		forget()
		return renewed
	} catch (error) {
		// What fails without an answer, as it does in a page that is being left, may go on all the same.
		if (!(error instanceof ApiError && error.code === 'unreachable')) forget()
		throw error
	}
}

/** One renewal at a time in all pages of a browser: a refresh token that is used twice ends the session. */
export const renewAlone = <T>(renew: () => Promise<T>): Promise<T> =>
	// Browsers have locks only where the connection is safe from others.
	'locks' in navigator ? (navigator.locks.request('liveslot-renewal', () => renewing(renew)) as Promise<T>) : renewing(renew)
