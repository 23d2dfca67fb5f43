import type { BatchOf } from '../platform/mailbox/mailbox.ts'
import type { BoardEnd, BoardSeen } from '../slots/board-rider.ts'
import type { QueueRequest } from './requests.ts'

/** Requests of several doctors that are settled together. */
export type Batch = BatchOf<QueueRequest, BoardSeen, BoardEnd>

export function parcelOf(batch: Batch, doctorId: string) {
	const parcel = batch.parcels.get(doctorId)
	if (!parcel) throw new Error(`doctor ${doctorId} is not in this batch`)
	return parcel
}
