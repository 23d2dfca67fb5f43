import { isDatabaseId } from '../platform/database/ids.ts'
import { parseSlotId } from '../slots/slot-id.ts'

/** A time that could be booked: the first slot, and for which kind of visit. It is nowhere stored. */
export type Proposal = { slotId: string; doctorId: string; startMinute: number; typeId: string }

export const proposalId = (slotId: string, typeId: string): string => `p-${slotId}-${typeId}`

/** Undefined for an id of another form. */
export function parseProposal(id: string): Proposal | undefined {
	const [, slotId, typeId] = /^p-(\d+-\d+)-(\d+)$/.exec(id) ?? []
	const ref = slotId === undefined ? null : parseSlotId(slotId)
	if (!ref || typeId === undefined || !isDatabaseId(typeId)) return undefined
	return { slotId: slotId as string, ...ref, typeId }
}
