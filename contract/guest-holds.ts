import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { slotRefusals } from './errors.ts'
import { Hold, HoldRequest } from './holds.ts'

/** Proof of a hold without an account: a secret of the browser that got it. */
export const GuestToken = z.string().min(1).max(2048).meta({ id: 'GuestToken' })

const ofGuest = z.object({ guestToken: GuestToken })

export const guestHoldEndpoints = {
	placeGuestHold: endpoint({
		method: 'post',
		path: '/guest-holds',
		tag: 'Booking',
		summary:
			'Hold a slot while signing up. One a browser, which a cookie tells apart: another replaces it. Two minutes, never renewed. `hold_limit` when too many slots are held without an account.',
		access: 'anyone',
		body: HoldRequest,
		status: 201,
		response: z.object({ hold: Hold, guestToken: GuestToken }),
		refusals: ['not_found', ...slotRefusals, 'type_not_offered', 'hold_limit'],
	}),
	releaseGuestHold: endpoint({
		method: 'delete',
		path: '/guest-holds',
		tag: 'Booking',
		summary: 'Let go of a hold without an account. The token is in the body, or in the header `Guest-Token`.',
		access: 'anyone',
		body: ofGuest.partial(),
		refusals: ['hold_expired'],
	}),
	claimGuestHold: endpoint({
		method: 'post',
		path: '/me/claim-hold',
		tag: 'Booking',
		summary: 'Make a hold without an account one’s own, with the time that it has left. Repeating the call is harmless.',
		access: 'signed-in',
		body: ofGuest,
		response: z.object({ hold: Hold }),
		refusals: ['hold_expired', 'hold_limit'],
	}),
}
