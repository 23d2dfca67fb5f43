import type { Db, Tx } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { createTelling } from '../platform/database/telling.ts'
import type { Log } from '../platform/observability/log.ts'

/**
 * Announces changes of calendars that are not requests in a mailbox, such as time off, generation, or a disabled doctor. Such a
 * change is recorded in the transaction that makes it. After the commit its own node, or a sweep of any other, announces it through
 * the mailbox, where the slots are read again. Announcing a change twice does no harm.
 */
export function createAnnouncements({ db, run, log, announce }: AnnouncementsDeps): Announcements {
	const telling = createTelling<Row>({
		db,
		run,
		log,
		table: 'calendar_announcements',
		columns: ['doctor_id', 'slot_starts'],
		what: 'changes of calendars',
		sweepEveryMs,
		async announce(rows) {
			const answers = await Promise.allSettled(rows.map(row => announce(row.doctor_id, row.slot_starts ?? undefined)))
			const told = rows.filter((_, index) => answers[index]?.status === 'fulfilled')
			const failed = answers.find(each => each.status === 'rejected')
			if (failed) log.debug({ reason: (failed.reason as Error).message, left: rows.length - told.length }, 'announcements are left')
			return told
		},
	})

	return {
		write: async (trx, changes) => void (await trx.raw(writeChanges, { changes: JSON.stringify(changes), maxSlots })),
		writeDoctor: async (trx, doctorId) => void (await trx.raw(writeOfDoctor, { doctorId, maxSlots })),
		writePatient: async (trx, patientId) => void (await trx.raw(writeOfPatient, { patientId, shownDays })),
		...telling,
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

type Row = { id: string; doctor_id: string; slot_starts: Date[] | null }
