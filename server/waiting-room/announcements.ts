import { type Db, isDatabaseUnavailable, type Tx } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'
import type { RoomRef } from './line.ts'
import { topicOf } from './rooms.ts'

/**
 * Publishes lines that changed. The trigger of appointments, and the calls of this domain, record them in the transaction that changes
 * them. After the commit its own node, or a sweep of any other, publishes; twice does no harm.
 */
export function createRoomAnnouncements({ db, run, log, publish }: AnnouncementsDeps): RoomAnnouncements {
	let stopped = false
	let sweeping = Promise.resolve()
	let timer: NodeJS.Timeout | undefined
	schedule()

	return {
		write: async (trx, appointmentId) => void (await trx.raw(writeVisit, { appointmentId })),
		tell,
		async stop() {
			stopped = true
			clearTimeout(timer)
			await sweeping
		},
	}

	async function tell() {
		try {
			while ((await tellSome()) === toldAtOnce);
		} catch (error) {
			log.warn({ reason: (error as Error).message }, 'changes of lines could not be announced; the next sweep tries again')
		}
	}

	function schedule() {
		if (stopped) return
		timer = setTimeout(() => {
			sweeping = sweep()
		}, sweepEveryMs)
		timer.unref()
	}

	async function sweep() {
		try {
			if ((await run(isSomethingWritten, [])).length > 0) await tell()
		} catch (error) {
			if (!isDatabaseUnavailable(error)) log.warn({ reason: (error as Error).message }, 'the sweep of lines failed')
		}
		schedule()
	}

	/** Publishes the oldest records that no other node is publishing, and removes them. Returns how many it found. */
	function tellSome(): Promise<number> {
		// Not `inTransaction`, because the body does more than SQL and must not be repeated.
		return db.transaction(async trx => {
			await trx.raw(`SET LOCAL idle_in_transaction_session_timeout = ${frozenAfterMs}`)
			const rows: { id: string; doctor_id: string; site_id: string }[] = await trx('room_announcements')
				.orderBy('id')
				.limit(toldAtOnce)
				.forUpdate()
				.skipLocked()
				.select('id', 'doctor_id', 'site_id')
			if (rows.length === 0) return 0
			const rooms = rows.flatMap(({ doctor_id, site_id }): RoomRef[] => [
				{ of: 'doctor', id: doctor_id },
				{ of: 'site', id: site_id },
			])
			await Promise.all([...new Map(rooms.map(room => [topicOf(room), room])).values()].map(publish))
			const ids = rows.map(({ id }) => id)
			await trx('room_announcements').whereIn('id', ids).delete()
			return rows.length
		})
	}
}

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

const isSomethingWritten = { name: 'room_announcements_written', text: 'SELECT FROM room_announcements LIMIT 1' }
const sweepEveryMs = 300
const toldAtOnce = 100
/** A node that freezes while it publishes loses its transaction after this time, and another node publishes instead. */
const frozenAfterMs = 1000
