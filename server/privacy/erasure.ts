import type { Actor, Origin } from '../identity/actor.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { Subject } from './store.ts'

export type ErasureDeps = {
	db: Db
	log: Log
	/** Cancels through the doctor's mailbox, so that watchers see the slots become free. */
	cancel: (asked: { actor: Actor; origin: Origin; idempotencyKey: undefined }, payload: { appointmentId: string }) => Promise<unknown>
	/** Publishes the slots again, for staff whose screens show the name. */
	announce: (doctorId: string, startsAt: readonly Date[]) => Promise<void>
	cutOff: (userId: string) => void
}

/** Replaces the name, on the desk's screens and in the audit log. */
const nameless = 'Erased'

/**
 * Records that the patient asks to be erased. From this commit on the erasure will happen, whatever crashes: the account
 * cannot sign in, nothing is booked or sent for the patient, and a job finishes what is left. Safe to repeat.
 */
export function beginErasure({ db }: Pick<ErasureDeps, 'db'>, { patientId, userId }: Subject, actor: Actor, origin: Origin) {
	return inTransaction(db, async trx => {
		// Signing in takes this row's lock too, so that no session begins after all were ended.
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

/** Finishes the erasures that were asked for: one patient's, or all. One that fails does not stop the others; the next run repeats it. */
export async function finishErasures(deps: ErasureDeps, patientId?: string): Promise<void> {
	const query = unfinished(deps.db)
	if (patientId !== undefined) query.where('p.id', patientId)
	for (const pending of await query) {
		try {
			await finish(deps, pending)
		} catch (error) {
			deps.log.warn({ reason: (error as Error).message, patientId: pending.patientId }, 'cannot finish an erasure; the next run repeats it')
		}
	}
}

/** Deletes everything with which the account could be used, or its devices reached. */
async function forgetSecrets(trx: Tx, userId: string) {
	const tables = ['refresh_tokens', 'password_resets', 'sign_in_challenges', 'second_factors', 'push_subscriptions']
	for (const table of tables) await trx(table).where({ user_id: userId }).delete()
}

type Pending = { patientId: string; userId: string | null; askedBy: string }

const settleDays = 2

/**
 * Erasures that are not finished, and recent ones whose patient has an upcoming visit again: a booking that was decided
 * before the erasure began may be written after it ended.
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

/** Visits that can still be cancelled. */
const upcoming = (db: Db | Tx) => db('appointments').whereIn('status', ['booked', 'checked_in']).where('ends_at', '>', db.fn.now())

async function finish(deps: ErasureDeps, pending: Pending): Promise<void> {
	if (pending.userId !== null) deps.cutOff(pending.userId)
	await cancelVisits(deps, pending)
	await overwrite(deps.db, pending)
	await republish(deps, pending)
	await markErased(deps.db, pending)
}

async function cancelVisits({ db, cancel }: ErasureDeps, pending: Pending) {
	const visits: { id: string }[] = await upcoming(db).where({ patient_id: pending.patientId }).orderBy('starts_at').select('id')
	const outcomes = await Promise.allSettled(visits.map(({ id }) => cancel(inNameOf(pending), { appointmentId: id })))
	for (const outcome of outcomes) {
		if (outcome.status === 'fulfilled') continue
		// An earlier attempt or another actor cancelled the visit, or it has begun.
		const isSettled = outcome.reason instanceof Refusal && ['wrong_status', 'too_late', 'not_found'].includes(outcome.reason.code)
		if (!isSettled) throw outcome.reason
	}
}

/** The actor of the cancellations: the account that asked for the erasure, as staff, so that the cut-off does not apply. */
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
 * Overwrites personal details. The clinic keeps that a patient had a visit with a doctor at a time, and its status; the
 * patient's id links these visits, and leads to no person.
 */
function overwrite(db: Db, { patientId, userId }: Pending) {
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
		}
		const file = { full_name: nameless, phone: null, email: null, birth_date: null, language: 'en', time_zone: null }
		await trx('patients')
			.where({ id: patientId })
			.update({ ...file, updated_at: trx.fn.now() })
		const visits = trx('appointments').where({ patient_id: patientId })
		await trx('notification_queue').whereIn('appointment_id', visits.clone().select('id')).delete()
		await visits.update({ reason: null, cancel_reason: null })
	})
}

/** RFC 2606 reserves `.invalid`: no mail reaches such an address, and no password reset can use it. */
const addressOf = (userId: string) => `erased-${userId}@erased.invalid`

/** The most days that a calendar shows at once. */
const shownDays = 42

/** Removes the name from days that staff have on their screens now. */
async function republish({ db, announce }: ErasureDeps, { patientId }: Pending) {
	const visits: { doctor_id: string; slot_starts: Date[] }[] = await db('appointments')
		.where({ patient_id: patientId })
		.whereNot({ status: 'cancelled' })
		.whereRaw('ends_at > now() - make_interval(days => ?)', shownDays)
		.select('doctor_id', 'slot_starts')
	for (const { doctor_id, slot_starts } of visits) await announce(doctor_id, slot_starts)
}

/** Comes last: an erasure that is interrupted earlier is repeated as a whole. */
function markErased(db: Db, { patientId, askedBy }: Pending) {
	return inTransaction(db, async trx => {
		const isNew = await trx('patients').where({ id: patientId, erased_at: null }).update({ erased_at: trx.fn.now() })
		if (isNew) await recordAudit(trx, { actor: { userId: askedBy }, action: 'erased', entity: 'patient', entityId: patientId })
	})
}
