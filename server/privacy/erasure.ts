import type { Actor, Origin } from '../identity/actor.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { fileIds, type Subject } from './export.ts'

export type ErasureDeps = {
	db: Db
	log: Log
	/** Cancels through the doctor's mailbox, so that watchers see the slots become free. */
	cancel: (asked: { actor: Actor; origin: Origin; idempotencyKey: undefined }, payload: { appointmentId: string }) => Promise<unknown>
	/** Staff may watch a day that shows the name: the change is announced in the transaction of the erasure, and told after its commit. */
	announcements: { writePatient(trx: Tx, patientId: string): Promise<void>; tell(): Promise<void> }
	cutOff: (userId: string) => void
}

/** Replaces the name on the desk's screens and in the audit log. */
const nameless = 'Erased'

/**
 * Records that a patient is to be erased. From this commit on the erasure will happen, whatever crashes: the account cannot sign in,
 * no visit can be booked, no message is sent, and the job finishes what was interrupted. May be repeated.
 */
export function beginErasure({ db }: Pick<ErasureDeps, 'db'>, { patientId, userId }: Subject, actor: Actor, origin: Origin) {
	return inTransaction(db, async trx => {
		// Sessions are opened under this lock, so that none can be opened after they are ended here.
		if (userId !== null) await trx('users').where({ id: userId }).update({ status: 'disabled', updated_at: trx.fn.now() })
		const isNew = await trx('patients').where({ id: patientId, erasure_asked_at: null }).update({
			erasure_asked_at: trx.fn.now(),
			erasure_asked_by: actor.userId,
			notify_email: false,
			notify_sms: false,
			notify_push: false,
		})
		if (userId !== null) await forgetSecrets(trx, userId)
		if (isNew) await recordAudit(trx, { actor, origin, action: 'erasure_asked', entity: 'patient', entityId: patientId })
	})
}

/** Finishes one requested erasure, or all. An erasure that fails is tried again in the next run, and delays no other. */
export async function finishErasures(deps: ErasureDeps, patientId?: string): Promise<void> {
	const query = unfinished(deps.db)
	if (patientId !== undefined) query.where('p.id', patientId)
	for (const pending of await query) {
		try {
			await finish(deps, pending)
		} catch (error) {
			deps.log.warn({ reason: (error as Error).message, patientId: pending.patientId }, 'erasure is not finished; it is tried again')
		}
	}
}

/** Deletes all secrets that let a person act as the account, or reach its devices. */
async function forgetSecrets(trx: Tx, userId: string) {
	const tables = ['refresh_tokens', 'password_resets', 'sign_in_challenges', 'second_factors', 'push_subscriptions', 'calendar_links']
	for (const table of tables) await trx(table).where({ user_id: userId }).delete()
}

type Pending = { patientId: string; userId: string | null; askedBy: string }

const settleDays = 2

/**
 * Erasures that are not done, and recent ones whose patient has an upcoming visit: a booking that was decided before the erasure was
 * requested can be written after the erasure was done.
 */
function unfinished(db: Db) {
	return db('patients as p')
		.whereNotNull('p.erasure_asked_at')
		.where(which =>
			which
				.whereNull('p.erased_at')
				.orWhere(late =>
					late
						.whereRaw('p.erasure_asked_at > now() - make_interval(days => ?)', settleDays)
						.whereExists(upcoming(db).whereRaw('appointments.patient_id = p.id').select(db.raw('1'))),
				),
		)
		.orderBy('p.erasure_asked_at')
		.select<Pending[]>('p.id as patientId', 'p.user_id as userId', 'p.erasure_asked_by as askedBy')
}

/** Visits that can still be cancelled. A visit that has begun will soon be a past one. */
const upcoming = (db: Db | Tx) => db('appointments').whereIn('status', ['booked', 'checked_in']).where('ends_at', '>', db.fn.now())

async function finish(deps: ErasureDeps, pending: Pending): Promise<void> {
	if (pending.userId !== null) deps.cutOff(pending.userId)
	await cancelVisits(deps, pending)
	await overwrite(deps, pending)
	await deps.announcements.tell()
	await markErased(deps.db, pending)
}

async function cancelVisits({ db, cancel }: ErasureDeps, pending: Pending) {
	const visits: { id: string }[] = await upcoming(db).where({ patient_id: pending.patientId }).orderBy('starts_at').select('id')
	const outcomes = await Promise.allSettled(visits.map(({ id }) => cancel(inNameOf(pending), { appointmentId: id })))
	for (const outcome of outcomes) {
		if (outcome.status === 'fulfilled') continue
		// The visit was cancelled meanwhile, has begun, or is over.
		const isSettled = outcome.reason instanceof Refusal && ['wrong_status', 'too_late', 'not_found'].includes(outcome.reason.code)
		if (!isSettled) throw outcome.reason
	}
}

/** Cancels in the name of the account that requested the erasure, without its session, and as staff: the cut-off does not apply. */
function inNameOf({ askedBy }: Pending): { actor: Actor; origin: Origin; idempotencyKey: undefined } {
	return {
		actor: {
			userId: askedBy,
			role: 'receptionist',
			status: 'active',
			fullName: nameless,
			patientId: undefined,
			sessionId: 'erasure',
			tokenExpiresAtMs: 0,
		},
		origin: { ip: '', requestId: 'erasure' },
		idempotencyKey: undefined,
	}
}

/**
 * Overwrites what is personal. What stays is that some patient had a visit with a doctor at a time, and its status; the id that
 * links these visits leads to no person.
 */
function overwrite({ db, announcements }: ErasureDeps, { patientId, userId }: Pending) {
	return inTransaction(db, async trx => {
		if (userId !== null) {
			await trx('users')
				.where({ id: userId })
				.update({
					email: addressOf(userId),
					password_hash: null,
					full_name: nameless,
					phone: null,
					status: 'disabled',
					updated_at: trx.fn.now(),
				})
			await forgetSecrets(trx, userId)
			await trx('hold_history').where({ user_id: userId }).delete()
		}
		const known = { notes: null, tags: [], may_book_online: true }
		const file = { full_name: nameless, phone: null, email: null, birth_date: null, language: 'en', time_zone: null, ...known }
		await trx('patients')
			.where({ id: patientId })
			.update({ ...file, updated_at: trx.fn.now() })
		await forgetFormerFiles(trx, patientId)
		await trx('recalls').where({ patient_id: patientId }).delete()
		const visits = trx('appointments').where({ patient_id: patientId })
		await trx('notification_queue').whereIn('appointment_id', visits.clone().select('id')).delete()
		await trx('notification_queue')
			.whereIn('offer_id', trx('slot_offers').where({ patient_id: patientId }).select('id'))
			.delete()
		// A sweep of offers withdraws an open one.
		await trx('waitlist_entries').where({ patient_id: patientId }).whereIn('status', ['waiting', 'offered']).update({ status: 'left' })
		await trx('external_identifiers').where({ patient_id: patientId }).orWhereIn('appointment_id', visits.clone().select('id')).delete()
		await visits.update({ reason: null, cancel_reason: null, extra_reason: trx.raw(`CASE WHEN extra_reason IS NOT NULL THEN '' END`) })
		await announcements.writePatient(trx, patientId)
	})
}

/** What the file was before corrections, and the files that became part of it. */
async function forgetFormerFiles(trx: Tx, patientId: string) {
	await trx('patient_changes').where({ patient_id: patientId }).delete()
	await trx('patient_merges')
		.whereIn('kept_id', await fileIds(trx, patientId))
		.delete()
}

/** An address that cannot exist (RFC 2606), so that it receives no mail and no password can be reset with it. */
const addressOf = (userId: string) => `erased-${userId}@erased.invalid`

/** Comes last, so that an interrupted erasure is repeated as a whole. */
function markErased(db: Db, { patientId, askedBy }: Pending) {
	return inTransaction(db, async trx => {
		const isNew = await trx('patients').where({ id: patientId, erased_at: null }).update({ erased_at: trx.fn.now() })
		if (isNew) await recordAudit(trx, { actor: { userId: askedBy }, action: 'erased', entity: 'patient', entityId: patientId })
	})
}
