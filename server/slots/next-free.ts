import type { SlotOffer } from '../../contract/index.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { nearestOffers, readFreeSlots } from './alternatives.ts'
import type { ReadHolds } from './snapshot.ts'

export type NextFreeDeps = { run: Run; readHolds: ReadHolds; nowMs: () => number }

/** The next free slots of each doctor, held ones left out. A doctor who takes no appointments has none. */
export const nextFree = async (
	{ run, readHolds, nowMs }: NextFreeDeps,
	doctorIds: readonly string[],
	each: number,
): Promise<{ doctorId: string; slots: SlotOffer[] }[]> => {
	const known = doctorIds.filter(isDatabaseId)
	const minute = Math.floor(nowMs() / 60_000)
	// A few more than asked for, because some may be held.
	const [free, ...holds] = await Promise.all([
		readFreeSlots(
			run,
			known.map(doctorId => ({ doctorId, minute })),
			{ before: 0, after: each + 20 },
		),
		...known.map(readHolds),
	])
	return known.map((doctorId, index) => ({
		doctorId,
		slots: nearestOffers(doctorId, free.get(doctorId) ?? [], start => holds[index]?.holders.has(start) === true, minute, 1, each),
	}))
}
