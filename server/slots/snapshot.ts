import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import { readSlotsBetween } from './availability.ts'
import { fullSlot, type Held, type View, visibleSlotJson } from './codec.ts'

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
	/** As JSON, and the version in it. @throws Refusal not_found for a doctor who takes no appointments */
	take(wanted: SnapshotWanted): Promise<{ version: number; json: string }>
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

	const read = async ({ doctorId, from, to, timeZone: known }: SnapshotWanted) => {
		if (!isDatabaseId(doctorId)) throw new Refusal('not_found')
		// In this order: a change that slips in between is applied twice, never missed.
		const { version, holders } = await readHolds(doctorId)
		const stored = await readSlotsBetween(run, doctorId, from, to)
		const timeZone = stored.timeZone ?? known ?? (await timeZoneOf(doctorId))
		const now = nowMs()
		return { doctorId, timeZone, version, slots: stored.slots.map(slot => fullSlot(slot, holders.get(slot.startMinute), now)) }
	}

	return {
		timeZoneOf,
		async take(wanted) {
			const { slots, ...calendar } = await read(wanted)
			const list = slots.map(slot => visibleSlotJson(slot, wanted.view, wanted.viewerId)).join(',')
			return { version: calendar.version, json: `${JSON.stringify(calendar).slice(0, -1)},"slots":[${list}]}` }
		},
	}
}
