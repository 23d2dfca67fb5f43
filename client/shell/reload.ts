const patienceMs = 5000

/** Loads the page again, but not before the server answers: a browser's own error page would leave nothing to go on with. */
export const reloadWhenServed = async (): Promise<void> => {
	const response = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined)
	if (response?.ok) window.location.reload()
}
