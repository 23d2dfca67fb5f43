import { z } from 'zod'
import { Id, IdParams, Instant } from './common.ts'
import { endpoint } from './endpoint.ts'
import { slotRefusals } from './errors.ts'

export const Hold = z.object({ slotId: Id, slotIds: z.array(Id), doctorId: Id, expiresAt: Instant }).meta({ id: 'Hold' })
export type Hold = z.infer<typeof Hold>

export const HoldRequest = z.object({ slotId: Id, typeId: Id.optional() })
export type HoldRequest = z.infer<typeof HoldRequest>

const tag = 'Booking'

export const holdEndpoints = {
	placeHold: endpoint({
		method: 'post',
		path: '/slots/:id/hold',
		tag,
		summary: 'Hold a slot for a short while. Holding it again renews the hold, up to a ceiling.',
		access: 'signed-in',
		params: IdParams,
		body: z.object({ typeId: Id.optional() }),
		status: 201,
		response: Hold,
		refusals: ['not_found', ...slotRefusals, 'hold_limit'],
	}),
	releaseHold: endpoint({
		method: 'delete',
		path: '/slots/:id/hold',
		tag,
		summary: 'Let go of one’s own hold.',
		access: 'signed-in',
		params: IdParams,
		refusals: ['not_found', 'hold_expired'],
	}),
}
