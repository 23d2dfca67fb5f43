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

/** What is under way fails for a page that is being left, though it goes on. */
let leaving = false
addEventListener('pagehide', () => {
	leaving = true
})
addEventListener('pageshow', () => {
	leaving = false
})

const renewing = async <T>(renew: () => Promise<T>): Promise<T> => {
	await landed()
	note(() => localStorage.setItem(sentAt, String(Date.now())))
	try {
		return await renew()
	} finally {
		if (!leaving) note(() => localStorage.removeItem(sentAt))
	}
}

/** One renewal at a time in all pages of a browser: a refresh token that is used twice ends the session. */
export const renewAlone = <T>(renew: () => Promise<T>): Promise<T> =>
	// Browsers have locks only where the connection is safe from others.
	'locks' in navigator ? (navigator.locks.request('liveslot-renewal', () => renewing(renew)) as Promise<T>) : renewing(renew)
