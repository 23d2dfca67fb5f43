import type { DbOrTx } from '../platform/database/database.ts'

/** How many days ahead slots are generated, and whether free ones beyond are removed: only where a clinic has said how far. */
export type Horizon = { days: number; cutsBeyond: boolean }

/** Reads the horizon; without a setting of the clinic it is as the server was started. */
export async function readHorizon(db: DbOrTx, slotDaysAhead: number): Promise<Horizon> {
	const { slot_days_ahead: days } = await db('clinic').first<{ slot_days_ahead: number | null }>('slot_days_ahead')
	return { days: days ?? slotDaysAhead, cutsBeyond: days !== null }
}
