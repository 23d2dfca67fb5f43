import type { SlotOffer } from '../../contract/index.ts'
import type { Doctors } from '../clinic/doctors.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import { nearestOffers, readFreeSlots } from './alternatives.ts'
import { readSlotsBetween } from './availability.ts'
import { fullSlot, type Held, type View, visibleSlot } from './codec.ts'

/** Creates snapshots of calendars: the slots of PostgreSQL combined with the holds of Redis. */
export function createSnapshots({ run, doctors, readHolds, nowMs }: SnapshotDeps): Snapshots {
	return {
		async take(wanted) {
			const { slots, ...calendar } = await read(wanted)
			const now = new Date(nowMs()).toISOString()
			const visible = slots.map(slot => visibleSlot(slot, wanted.view, now, wanted.viewerId))
			return { version: calendar.version, json: JSON.stringify({ ...calendar, slots: visible }) }
		},
		timeZoneOf,
		async nextFree(doctorIds, each) {
			const wanted = doctorIds.filter(isDatabaseId)
			const minute = Math.floor(nowMs() / 60_000)
			const around = wanted.map(doctorId => ({ doctorId, minute }))
			const free = await readFreeSlots(run, around, { before: 0, after: each + freeBeyond })
			return await Promise.all(
				wanted.map(async doctorId => {
					const slots = free.get(doctorId) ?? []
					// Reads holds only of doctors with free slots, so that a doctor who does not exist leaves no trace in Redis.
					const holders = slots.length > 0 ? (await readHolds(doctorId)).holders : undefined
					return { doctorId, slots: nearestOffers(doctorId, slots, start => holders?.has(start) === true, minute, 1, each) }
				}),
			)
		},
	}

	async function read({ doctorId, from, to, timeZone: known }: SnapshotWanted) {
		if (!(await doctors.exists(doctorId))) throw new Refusal('not_found')
		// The holds and the version are read first, so that a change in between is applied twice rather than missed.
		const { version, holders } = await readHolds(doctorId)
		const stored = await readSlotsBetween(run, doctorId, from, to)
		const timeZone = stored.timeZone ?? known ?? (await timeZoneOf(doctorId))
		const now = nowMs()
		return { doctorId, timeZone, version, slots: stored.slots.map(slot => fullSlot(slot, holders.get(slot.startMinute), now)) }
	}

	async function timeZoneOf(doctorId: string) {
		if (!isDatabaseId(doctorId)) throw new Refusal('not_found')
		const [doctor] = await run<{ time_zone: string }>(activeDoctor, [doctorId])
		if (!doctor) throw new Refusal('not_found')
		return doctor.time_zone
	}
}

export type ReadHolds = (doctorId: string) => Promise<Held>

export type SnapshotWanted = {
	doctorId: string
	from: string
	to: string
	view: View
	viewerId: string | undefined
	/** The doctor's zone, when the caller knows it. */
	timeZone?: string
}

export type Snapshots = {
	/** Returns a snapshot as JSON, and its version. @throws Refusal not_found for a doctor who takes no appointments */
	take(wanted: SnapshotWanted): Promise<{ version: number; json: string }>
	/** @throws Refusal not_found for a doctor who takes no appointments */
	timeZoneOf(doctorId: string): Promise<string>
	/** Returns the next free slots of each doctor without held ones. A doctor who takes no appointments has none. */
	nextFree(doctorIds: readonly string[], each: number): Promise<{ doctorId: string; slots: SlotOffer[] }[]>
}

export type SnapshotDeps = { run: Run; doctors: Doctors; readHolds: ReadHolds; nowMs: () => number }

/** Reads this many more slots than requested, because some may be held. */
const freeBeyond = 20

const activeDoctor = {
	name: 'active_doctor',
	text: `SELECT d.time_zone FROM doctors d JOIN users u ON u.id = d.id WHERE d.id = $1 AND u.status = 'active' AND u.role = 'doctor'`,
}
