import type {
	AccountStatus,
	AppointmentStatus,
	Language,
	NotificationChannel,
	NotificationKind,
	NotificationStatus,
} from '../../contract/index.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run, Statement } from '../platform/database/pipeline.ts'
import { type OfferSaid, sendTimeoutMs } from './message.ts'
import type { VisitFace } from './visit-face.ts'

/** Which messages a booking writes to the ledger. */
export type NoticePolicy = {
	/** The channels that this clinic has set up. */
	channels: readonly NotificationChannel[]
	/** How long before a visit its reminders are due, unless the clinic has set it, which the ledger's function reads. */
	leadMinutes: readonly number[]
}

export type Ledger = ReturnType<typeof createLedger>

const statement = (name: string): Statement => ({ name: `reminders ${name}`, text: readSql(`${name}.sql`, import.meta.url) })

const statements = {
	unplanned: statement('read_unplanned'),
	plan: statement('plan'),
	claim: statement('claim'),
	release: statement('release'),
	read: statement('read_message'),
	settle: statement('settle_message'),
	overdue: statement('count_overdue'),
}

/** A row that this process may send until its lease expires. No two leases are equal, so the lease identifies its owner. */
export type Claimed = { id: string; lease: string }

export type Unplanned = {
	id: string
	kind: NotificationKind
	leadMinutes: number
	dueMs: number
	createdMs: number
	visitMs: number
	timeZone: string
}

/** A row with the present state of its visit and patient. */
export type DueMessage = {
	id: string
	kind: NotificationKind
	/** Of a notice: what the desk wrote. */
	text?: string | undefined
	leadMinutes: number
	attempts: number
	dueMs: number
	createdMs: number
	/** The lease is valid for longer than sending may take. */
	isOurs: boolean
	/** The visit has not changed since the row was written. */
	isCurrent: boolean
	isWanted: boolean
	/** Of a message that offers a visit. */
	offer?: OfferSaid | undefined
	accountStatus: AccountStatus | null
	patientZone: string
	patient: { id: string; fullName: string; email: string | null; phone: string | null; userId: string | null; language: Language }
	visit: {
		id: string
		sequence: number
		status: AppointmentStatus
		startsAtMs: number
		endsAtMs: number
		updatedAtMs: number
		doctorName: string
		timeZone: string
		face: VisitFace
	}
}

export type Settlement = {
	status: NotificationStatus
	reason?: string
	providerId?: string
	/** The provider received the message, or refused it. */
	countsAsAttempt?: boolean
	/** When to try again, for a row that stays due. */
	retryAtMs?: number
}

const planBatch = 500

type Row = {
	id: string
	kind: NotificationKind
	text: string | null
	lead_minutes: number
	attempts: number
	is_ours: boolean
	is_current: boolean
	due_ms: string
	created_ms: string
	appointment_id: string
	sequence: number
	visit_status: AppointmentStatus
	starts_ms: string
	ends_ms: string
	updated_ms: string
	patient_id: string
	patient_name: string
	email: string | null
	phone: string | null
	user_id: string | null
	language: Language
	is_wanted: boolean
	patient_zone: string
	account_status: AccountStatus | null
	doctor_name: string
	doctor_zone: string
	face: VisitFace
	offer: { id: string; why: OfferSaid['why']; insteadMs: number | null } | null
}

/** The dispatcher's statements. Bookings write to the ledger with the SQL function `write_reminder_ledger`. */
export function createLedger(run: Run) {
	return {
		async unplanned(): Promise<Unplanned[]> {
			const rows = await run<{
				id: string
				kind: NotificationKind
				lead_minutes: number
				due_ms: string
				created_ms: string
				visit_ms: string
				time_zone: string
			}>(statements.unplanned, [planBatch])
			return rows.map(row => ({
				id: row.id,
				kind: row.kind,
				leadMinutes: row.lead_minutes,
				dueMs: Number(row.due_ms),
				createdMs: Number(row.created_ms),
				visitMs: Number(row.visit_ms),
				timeZone: row.time_zone,
			}))
		},

		async plan(times: readonly { id: string; atMs: number | null }[]): Promise<void> {
			await run(statements.plan, [times.map(each => each.id), times.map(each => each.atMs)])
		},

		claim: (channel: NotificationChannel, atMost: number, leaseMs: number): Promise<Claimed[]> =>
			run<Claimed>(statements.claim, [channel, atMost, leaseMs / 1000]),

		/** Releases rows that were not tried. */
		async release(claimed: readonly Claimed[]): Promise<void> {
			if (claimed.length > 0) await run(statements.release, [claimed.map(each => each.id), claimed.map(each => each.lease)])
		},

		async read({ id, lease }: Claimed): Promise<DueMessage | undefined> {
			const [row] = await run<Record<string, never>>(statements.read, [id, lease, sendTimeoutMs / 1000])
			return row && toDueMessage(row as unknown as Row)
		},

		async settle({ id, lease }: Claimed, { status, reason, providerId, countsAsAttempt, retryAtMs }: Settlement): Promise<void> {
			await run(statements.settle, [id, lease, status, providerId ?? null, reason ?? null, countsAsAttempt ? 1 : 0, retryAtMs ?? null])
		},

		/** Counts the messages that have been due for longer than `seconds`, by channel. */
		async overdue(channels: readonly NotificationChannel[], seconds: number): Promise<Record<string, number>> {
			const rows = await run<{ channel: string; overdue: number }>(statements.overdue, [channels, seconds])
			return Object.fromEntries(rows.map(({ channel, overdue }) => [channel, overdue]))
		},
	}
}

function toDueMessage(row: Row): DueMessage {
	return {
		id: row.id,
		kind: row.kind,
		...(row.text !== null && { text: row.text }),
		leadMinutes: row.lead_minutes,
		attempts: row.attempts,
		dueMs: Number(row.due_ms),
		createdMs: Number(row.created_ms),
		isOurs: row.is_ours,
		isCurrent: row.is_current,
		isWanted: row.is_wanted,
		...(row.offer && { offer: { ...row.offer, insteadMs: row.offer.insteadMs ?? undefined } }),
		accountStatus: row.account_status,
		patientZone: row.patient_zone,
		patient: {
			id: row.patient_id,
			fullName: row.patient_name,
			email: row.email,
			phone: row.phone,
			userId: row.user_id,
			language: row.language,
		},
		visit: {
			id: row.appointment_id,
			sequence: row.sequence,
			status: row.visit_status,
			startsAtMs: Number(row.starts_ms),
			endsAtMs: Number(row.ends_ms),
			updatedAtMs: Number(row.updated_ms),
			doctorName: row.doctor_name,
			timeZone: row.doctor_zone,
			face: row.face,
		},
	}
}
