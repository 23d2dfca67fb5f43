import type { Db, Tx } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { createTelling } from '../platform/database/telling.ts'
import type { Log } from '../platform/observability/log.ts'
import type { RoomRef } from './line.ts'
import { topicOf } from './rooms.ts'

/**
 * Publishes lines that changed. The trigger of appointments, and the calls of this domain, record them in the transaction that changes
 * them. After the commit its own node, or a sweep of any other, publishes; twice does no harm.
 */
export function createRoomAnnouncements({ db, run, log, publish }: AnnouncementsDeps): RoomAnnouncements {
	const telling = createTelling<Row>({
		db,
		run,
		log,
		table: 'room_announcements',
		columns: ['doctor_id', 'site_id'],
		what: 'changes of lines',
		sweepEveryMs,
		async announce(rows) {
			const rooms = rows.flatMap(({ doctor_id, site_id }): RoomRef[] => [
				{ of: 'doctor', id: doctor_id },
				{ of: 'site', id: site_id },
			])
			await Promise.all([...new Map(rooms.map(room => [topicOf(room), room])).values()].map(publish))
			return rows
		},
	})
	return { write: async (trx, appointmentId) => void (await trx.raw(writeVisit, { appointmentId })), ...telling }
}

type Row = { id: string; doctor_id: string; site_id: string }

export type AnnouncementsDeps = { db: Db; run: Run; log: Log; publish: (room: RoomRef) => Promise<void> }

export type RoomAnnouncements = {
	/** Records the lines of a visit in the transaction that changes it. */
	write(trx: Tx, appointmentId: string): Promise<void>
	/** Publishes what is recorded. To be called after the commit. Never fails: the next sweep publishes what this could not. */
	tell(): Promise<void>
	stop(): Promise<void>
}

const writeVisit = `
	INSERT INTO room_announcements (doctor_id, site_id)
	SELECT a.doctor_id, v.site_id FROM visit_times v JOIN appointments a ON a.id = v.appointment_id WHERE a.id = :appointmentId`

const sweepEveryMs = 300
