import type { Log } from '../platform/observability/log.ts'
import type { Generated } from './generate.ts'

export type Announcements = ReturnType<typeof createAnnouncements>

/** Above this, a fresh snapshot is less traffic than the changes. */
const maxSlotsAnnounced = 300

export type AnnouncementDeps = {
	log: Log
	announceSlots: (doctorId: string, startsAt: Date[]) => Promise<void>
	announceSchedule: (doctorId: string) => Promise<void>
}

/**
 * Tells watchers what became of a doctor's slots, after the commit. What cannot be announced is logged: the change
 * stands, and whoever watches again sees it.
 */
export function createAnnouncements({ log, announceSlots, announceSchedule }: AnnouncementDeps) {
	const replaced = (doctorId: string) => settled(doctorId, announceSchedule(doctorId))

	return {
		/** The doctor's calendar as a whole is another. */
		replaced,

		/** The slots that start then are blocked or open now. */
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
			log.warn({ err, doctorId }, 'a change of the calendar could not be announced')
		}
	}
}
