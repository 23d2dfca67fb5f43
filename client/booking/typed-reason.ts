import { useCallback, useState } from 'react'

const key = 'liveslot-reason'

type Kept = { slotId: string; reason: string }

const read = (): Kept | undefined => {
	try {
		return JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? undefined
	} catch {
		return undefined
	}
}

/** Forgets the reason when it is booked, given up, or the patient signs out. */
export const forgetReason = (): void => {
	try {
		sessionStorage.removeItem(key)
	} catch {}
}

/** The reason for the visit as it is typed, which survives a refresh of this tab and nothing else. */
export const useTypedReason = (slotId: string): [string, (reason: string) => void] => {
	const [reason, setReason] = useState(() => {
		const kept = read()
		return kept?.slotId === slotId ? kept.reason : ''
	})
	const change = useCallback(
		(reason: string) => {
			setReason(reason)
			try {
				sessionStorage.setItem(key, JSON.stringify({ slotId, reason } satisfies Kept))
			} catch {}
		},
		[slotId],
	)
	return [reason, change]
}
