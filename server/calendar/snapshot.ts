import type { Slot, Snapshot } from '../../contract/index.ts'
import type { Feed } from '../platform/feed/feed.ts'
import { isDatabaseId } from '../platform/page.ts'
import type { Run } from '../platform/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import { readSlotsBetween } from './availability.ts'
import { type FullSlot, fullSlot, type Holder, type View, visibleSlot } from './changes.ts'
import { createRecent } from './recent.ts'

export type ReadHolds = (doctorId: string) => Promise<Map<number, Holder>>

export type SnapshotWanted = {
	doctorId: string
	from: string
	to: string
	view: View
	viewerId: string | undefined
	/** Where the caller has asked for it already. */
	timeZone?: string
	/** Changes after its version follow, so that it may be one that others were given at that version. */
	isFollowed?: boolean
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

export type SnapshotDeps = { run: Run; feed: Feed; readHolds: ReadHolds; nowMs: () => number }

/** Slots as everybody sees them but those who hold some. */
type PublicSlots = { full: FullSlot[]; visible: Slot[]; holders: Set<string | undefined> }

export const createSnapshots = ({ run, feed, readHolds, nowMs }: SnapshotDeps): Snapshots => {
	const recent = createRecent<PublicSlots>()

	const read = async ({ doctorId, from, to }: SnapshotWanted): Promise<FullSlot[]> => {
		const stored = await readSlotsBetween(run, doctorId, from, to)
		const holds = await readHolds(doctorId)
		const now = nowMs()
		return stored.map(slot => fullSlot(slot, holds.get(slot.startMinute), now))
	}

	const readPublic = async (wanted: SnapshotWanted): Promise<PublicSlots> => {
		const full = await read(wanted)
		return { full, visible: full.map(slot => visibleSlot(slot, 'public')), holders: new Set(full.map(slot => slot.holderId)) }
	}

	const slotsAt = async (version: number, wanted: SnapshotWanted): Promise<Slot[]> => {
		const { doctorId, from, to, view, viewerId, isFollowed } = wanted
		// What was committed a moment ago may have no version yet: whoever is told nothing afterwards reads for themselves. And
		// what the staff sees has names in it, which change without a version.
		if (!isFollowed || view === 'staff') return (await read(wanted)).map(slot => visibleSlot(slot, view, viewerId))
		// When a doctor's month opens hundreds look at once: between two changes they all see the same.
		const { full, visible, holders } = await recent.get(`${doctorId} ${from} ${to}`, version, () => readPublic(wanted))
		if (viewerId === undefined || !holders.has(viewerId)) return visible
		return full.map(slot => visibleSlot(slot, view, viewerId))
	}

	const timeZoneOf = async (doctorId: string) => {
		if (!isDatabaseId(doctorId)) throw new Refusal('not_found')
		const [doctor] = await run<{ time_zone: string }>(doctorStatement, [doctorId])
		if (!doctor) throw new Refusal('not_found')
		return doctor.time_zone
	}

	return {
		timeZoneOf,
		async take(wanted) {
			const { doctorId, timeZone: known } = wanted
			const timeZoneRead = known === undefined ? timeZoneOf(doctorId) : Promise.resolve(known)
			timeZoneRead.catch(() => {})
			// In this order: a change that slips in between is applied twice, never missed.
			const version = await feed.version(doctorId)
			const [timeZone, slots] = await Promise.all([timeZoneRead, slotsAt(version, wanted)])
			return { doctorId, timeZone, version, slots }
		},
	}
}
