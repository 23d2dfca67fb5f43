import type { Slot, Snapshot } from '../../contract/index.ts'
import { isDatabaseId } from '../platform/page.ts'
import type { Run } from '../platform/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import { readSlotsBetween } from './availability.ts'
import { fullSlot, type Held, type View, visibleSlot } from './changes.ts'

export type ReadHolds = (doctorId: string) => Promise<Held>

export type SnapshotWanted = {
	doctorId: string
	from: string
	to: string
	view: View
	viewerId: string | undefined
	/** Where the caller has asked for it already. */
	timeZone?: string
}

export type Snapshots = {
	/** @throws Refusal not_found for a doctor who takes no appointments */
	take(wanted: SnapshotWanted): Promise<Snapshot>
	timeZoneOf(doctorId: string): Promise<string>
}

const doctorStatement = {
	name: 'active_doctor',
	text: `SELECT d.time_zone FROM doctors d JOIN users u ON u.id = d.id WHERE d.id = $1 AND u.status = 'active' AND u.role = 'doctor'`,
}

export type SnapshotDeps = { run: Run; readHolds: ReadHolds; nowMs: () => number }

export const createSnapshots = ({ run, readHolds, nowMs }: SnapshotDeps): Snapshots => {
	const timeZoneOf = async (doctorId: string) => {
		if (!isDatabaseId(doctorId)) throw new Refusal('not_found')
		const [doctor] = await run<{ time_zone: string }>(doctorStatement, [doctorId])
		if (!doctor) throw new Refusal('not_found')
		return doctor.time_zone
	}

	return {
		timeZoneOf,
		async take({ doctorId, from, to, view, viewerId, timeZone: known }) {
			const timeZoneRead = known === undefined ? timeZoneOf(doctorId) : Promise.resolve(known)
			timeZoneRead.catch(() => {})
			// In this order: a change that slips in between is applied twice, never missed.
			const { version, holders } = await readHolds(doctorId)
			const [timeZone, stored] = await Promise.all([timeZoneRead, readSlotsBetween(run, doctorId, from, to)])
			const now = nowMs()
			const slots: Slot[] = stored.map(slot => visibleSlot(fullSlot(slot, holders.get(slot.startMinute), now), view, viewerId))
			return { doctorId, timeZone, version, slots }
		},
	}
}
