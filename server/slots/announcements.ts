import { type Db, isDatabaseUnavailable, type Tx } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'

/**
 * Announces changes of calendars that are not requests in a mailbox, such as time off, generation, or a disabled doctor. Such a
 * change is recorded in the transaction that makes it. After the commit its own node, or a sweep of any other, announces it through
 * the mailbox, where the slots are read again. Announcing a change twice does no harm.
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
			log.warn({ reason: (error as Error).message }, 'changes of calendars could not be announced; the next sweep tries again')
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

/** A doctor's slots by their starts; without starts, the doctor's whole calendar. */
export type CalendarChange = { doctorId: string; startsAt?: readonly Date[] }

export type AnnouncementsDeps = {
	db: Db
	run: Run
	log: Log
	/** Appends an announcement to its doctor's mailbox. */
	announce: (doctorId: string, startsAt?: readonly Date[]) => Promise<void>
}

export type Announcements = {
	/** Records changed slots or calendars in the transaction that changes them. */
	write(trx: Tx, changes: readonly CalendarChange[]): Promise<void>
	/** Records a doctor who begins or stops to take appointments. */
	writeDoctor(trx: Tx, doctorId: string): Promise<void>
	/** Records the visits of a patient whose name changed. */
	writePatient(trx: Tx, patientId: string): Promise<void>
	/** Announces what is recorded. To be called after the commit. Never fails: the next sweep announces what this could not. */
	tell(): Promise<void>
	stop(): Promise<void>
}

/** Records changed slots, or whole calendars where no starts are given. With more slots than the limit, a fresh snapshot is less traffic. */
const writeChanges = `
	INSERT INTO calendar_announcements (doctor_id, slot_starts)
	SELECT change."doctorId", CASE WHEN cardinality(change."startsAt") <= :maxSlots THEN change."startsAt" END
	FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS change ("doctorId" bigint, "startsAt" timestamptz[])
	WHERE cardinality(change."startsAt") > 0 OR change."startsAt" IS NULL`

/** All coming slots of a doctor without a visit: the state of the doctor's account decides whether these can be booked. */
const writeOfDoctor = `
	INSERT INTO calendar_announcements (doctor_id, slot_starts)
	SELECT doctor_id, CASE WHEN count(*) <= :maxSlots THEN array_agg(starts_at ORDER BY starts_at) END
	FROM appointment_slots
	WHERE doctor_id = :doctorId AND starts_at > now() AND appointment_id IS NULL
	GROUP BY doctor_id`

/** The slots of a patient's visits, as far back as a calendar shows them, because staff see the patient's name on them. */
const writeOfPatient = `
	INSERT INTO calendar_announcements (doctor_id, slot_starts)
	SELECT doctor_id, array_agg(starts_at ORDER BY starts_at)
	FROM (
		SELECT doctor_id, unnest(slot_starts) AS starts_at
		FROM appointments
		WHERE patient_id = :patientId AND status <> 'cancelled' AND ends_at > now() - make_interval(days => :shownDays)
	) visit
	GROUP BY doctor_id`

/** With more slots than this, a fresh snapshot is less traffic than the changes. */
const maxSlots = 300
/** A calendar shows this many days at most. */
const shownDays = 42
const sweepEveryMs = 350
const toldAtOnce = 100

const isSomethingWritten = { name: 'announcements_written', text: 'SELECT FROM calendar_announcements LIMIT 1' }

/** A node that freezes during an announcement loses its transaction after this time, and another node announces instead. */
const frozenAfterMs = 1000

type Row = { id: string; doctor_id: string; slot_starts: Date[] | null }

/** Announces the oldest records that no other node is announcing, and removes them. Returns how many records it found. */
function tellSome({ db, log, announce }: Omit<AnnouncementsDeps, 'run'>): Promise<number> {
	// Not `inTransaction`, because the body does more than SQL and must not be repeated.
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
