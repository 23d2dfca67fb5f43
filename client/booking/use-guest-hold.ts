import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Hold } from '../../contract/index.ts'
import { ApiError, errorProperties, request } from '../api/http.ts'
import type { Wanted } from './use-taking.ts'

/**
 * The slot of a newcomer who is signing up.
 *
 * - `asking`: the hold is asked for.
 * - `held`: no other person can take the slot.
 * - `unheld`: too many newcomers hold slots, or there was no answer. The slot is still free as far as is known.
 * - `lost`: the slot is gone; `error` carries the alternatives.
 */
export type GuestHold =
	| { state: 'asking' | 'unheld' }
	| { state: 'held'; hold: Hold; guestToken: string }
	| { state: 'lost'; error: ApiError }

type Placed = { hold: Hold; guestToken: string }

export function useGuestHold() {
	const [guest, show] = useState<GuestHold>({ state: 'asking' })
	const now = useRef<GuestHold>(guest)
	const asked = useRef<string>(undefined)

	const set = useCallback((next: GuestHold) => {
		now.current = next
		show(next)
	}, [])

	/** Holds the slot, again when its time is over. Another slot takes the place of the one before. */
	const hold = useCallback(
		async (slot: Wanted, typeId: string | undefined) => {
			asked.current = slot.id
			if (now.current.state !== 'unheld') set({ state: 'asking' })
			try {
				const placed = await request<Placed>('/guest-holds', { method: 'POST', body: { slotId: slot.id, ...(typeId && { typeId }) } })
				if (asked.current === slot.id) set({ state: 'held', ...placed })
				else void letGo(placed.guestToken)
			} catch (error) {
				if (asked.current !== slot.id) return
				const isLost = error instanceof ApiError && errorProperties(error).losesSlot
				set(isLost ? { state: 'lost', error } : { state: 'unheld' })
			}
		},
		[set],
	)

	/** Makes the hold the account's own. Returns nothing when there is none, and then an ordinary hold may still succeed. */
	const claim = useCallback(async (): Promise<Hold | undefined> => {
		const { current } = now
		asked.current = undefined
		if (current.state !== 'held') return
		set({ state: 'asking' })
		const answer = await request<{ hold: Hold }>('/me/claim-hold', { method: 'POST', body: { guestToken: current.guestToken } }).catch(
			() => undefined,
		)
		return answer?.hold
	}, [set])

	const drop = useCallback(() => {
		asked.current = undefined
		if (now.current.state === 'held') void letGo(now.current.guestToken)
		set({ state: 'asking' })
	}, [set])

	useEffect(() => drop, [drop])

	return useMemo(() => ({ guest, hold, claim, drop }), [guest, hold, claim, drop])
}

/** A hold that could not be ended runs out by itself. */
const letGo = (guestToken: string) =>
	request('/guest-holds', { method: 'DELETE', body: { guestToken }, outlivesPage: true }).then(undefined, () => {})
