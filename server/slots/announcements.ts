import { type Db, isDatabaseUnavailable, readSql, type Tx } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'

/** Slots of a doctor by when they start; without starts all of the doctor's calendar. */
export type CalendarChange = { doctorId: string; startsAt?: readonly Date[] }

export type AnnouncementsDeps = {
	db: Db
	run: Run
	log: Log
	/** Puts an announcement into its doctor's queue. */
	announce: (doctorId: string, startsAt?: readonly Date[]) => Promise<void>
}

export type Announcements = {
	/** Writes down, in the transaction that changes them, that slots or calendars have changed. */
	write(trx: Tx, changes: readonly CalendarChange[]): Promise<void>
	/** The same of a doctor who takes appointments from now on, or no more. */
	writeDoctor(trx: Tx, doctorId: string): Promise<void>
	/** The same of the visits of a patient who has another name. */
	writePatient(trx: Tx, patientId: string): Promise<void>
	/** Tells what is written: to be called after the commit. Never fails; what could not be told is told by the next sweep. */
	tell(): Promise<void>
	stop(): Promise<void>
}

const writeChanges = readSql('./write_announcements.sql', import.meta.url)
const writeOfDoctor = readSql('./announce_doctor.sql', import.meta.url)
const writeOfPatient = readSql('./announce_patient.sql', import.meta.url)

/** Above this, a fresh snapshot is less traffic than the changes. */
const maxSlots = 300
/** No calendar shows more days at once. */
const shownDays = 42
const sweepEveryMs = 350
const toldAtOnce = 100

const isSomethingWritten = { name: 'announcements_written', text: 'SELECT FROM calendar_announcements LIMIT 1' }

/**
 * Changes of calendars that do not come through their doctors' queues, such as time off, generation, or a doctor who is disabled.
 * They are written in the transaction that makes them, and told after it through the queue, where the slots are read anew: by the
 * node that made them at once, or, when that one has died, by the sweep of another. They may be told twice; that does no harm.
 */
export function createAnnouncements({ db, run, log, announce }: AnnouncementsDeps): Announcements {
	let stopped = false
	let sweeping = Promise.resolve()
	let timer: NodeJS.Timeout | undefined
	schedule()

	return {
		write: async (trx, changes) => void (await trx.raw(writeChanges, { changes: JSON.stringify(changes), maxSlots })),
		writeDoctor: async (trx, doctorId) => void (await trx.raw(writeOfDoctor, { doctorId, maxSlots })),
		writePatient: async (trx, patientId) => void (await trx.raw(writeOfPatient, { patientId, shownDays })),
		tell,
		async stop() {
			stopped = true
			clearTimeout(timer)
			await sweeping
		},
	}

	async function tell() {
		try {
			while ((await tellSome({ db, log, announce })) === toldAtOnce);
		} catch (error) {
			log.warn({ reason: (error as Error).message }, 'changes of calendars could not be announced; it is tried again')
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
			if (!isDatabaseUnavailable(error)) log.warn({ reason: (error as Error).message }, 'the sweep of announcements failed')
		}
		schedule()
	}
}

/** A node that freezes while it tells loses its transaction after this time, and others tell instead. */
const frozenAfterMs = 1000

type Row = { id: string; doctor_id: string; slot_starts: Date[] | null }

/** Tells the oldest that no other node is telling, and removes what was told. Returns how many there were. */
function tellSome({ db, log, announce }: Omit<AnnouncementsDeps, 'run'>): Promise<number> {
	// Not repeated by itself: there is more in it than SQL.
	return db.transaction(async trx => {
		await trx.raw(`SET LOCAL idle_in_transaction_session_timeout = ${frozenAfterMs}`)
		const rows: Row[] = await trx('calendar_announcements')
			.orderBy('id')
			.limit(toldAtOnce)
			.forUpdate()
			.skipLocked()
			.select('id', 'doctor_id', 'slot_starts')
		if (rows.length === 0) return 0
		const telling = await Promise.allSettled(rows.map(row => announce(row.doctor_id, row.slot_starts ?? undefined)))
		const told = rows.filter((_, index) => telling[index]?.status === 'fulfilled')
		const failed = telling.find(each => each.status === 'rejected')
		if (failed) log.debug({ reason: (failed.reason as Error).message, left: rows.length - told.length }, 'announcements are left')
		await trx('calendar_announcements')
			.whereIn(
				'id',
				told.map(({ id }) => id),
			)
			.delete()
		return told.length
	})
}
