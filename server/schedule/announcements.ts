import type { Log } from '../platform/observability/log.ts'
import type { Generated } from './generate.ts'

export type Announcements = ReturnType<typeof createAnnouncements>

/** Above this, a fresh snapshot costs watchers less traffic than the changes. */
const maxSlotsAnnounced = 300

export type AnnouncementDeps = {
	log: Log
	announceSlots: (doctorId: string, startsAt: Date[]) => Promise<void>
	announceSchedule: (doctorId: string) => Promise<void>
}

/**
 * Announces a doctor's changed slots after the commit. A failed announcement is only logged: the change stands, and the
 * next snapshot shows it.
 */
export function createAnnouncements({ log, announceSlots, announceSchedule }: AnnouncementDeps) {
	const replaced = (doctorId: string) => settled(doctorId, announceSchedule(doctorId))

	return {
		/** Most of the doctor's calendar changed: watchers start over from a snapshot. */
		replaced,

		/** Time off blocked or opened the slots that start then. */
		async changed(doctorId: string, startsAt: Date[]) {
			if (startsAt.length === 0) return
			if (startsAt.length > maxSlotsAnnounced) await replaced(doctorId)
			else await settled(doctorId, announceSlots(doctorId, startsAt))
		},

		async generated(generated: Generated[]) {
			for (const { doctorId, created, removed } of generated) if (created + removed > 0) await replaced(doctorId)
		},
	}

	async function settled(doctorId: string, announcing: Promise<void>) {
		try {
			await announcing
		} catch (err) {
			log.warn({ err, doctorId }, 'cannot announce a change of the calendar')
		}
	}
}
