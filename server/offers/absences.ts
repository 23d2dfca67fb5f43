import type { AbsenceInput, AbsencePreview, Rebooking, RebookingVisit } from '../../contract/index.ts'
import type { Commands } from '../booking/commands.ts'
import type { AppointmentTypes } from '../clinic/appointment-types.ts'
import { type Actor, isStaff, type Origin } from '../identity/actor.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Log } from '../platform/observability/log.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { Holds } from '../slots/holds.ts'
import { slotId } from '../slots/slot-id.ts'
import { type Absent, proposePlaces, visitsOf } from './proposals.ts'
import { readOffer, toAnswer } from './records.ts'
import { systemActor } from './system-actor.ts'

/**
 * A doctor is away: one transaction blocks the span, ends the reminders of its visits, and records what is to be done for each of
 * them. Then every visit is offered its other place, or cancelled, through the mailboxes; what a node that dies leaves, another does.
 */
export function createAbsences(deps: AbsencesDeps): Absences {
	const { db, commands, timeOff, log } = deps

	return {
		async preview(actor, doctorId, span) {
			const absent = await absentDoctor(actor, doctorId, span)
			return { visits: await proposePlaces(deps, absent) }
		},

		async add({ actor, origin }, doctorId, input) {
			const absent = await absentDoctor(actor, doctorId, input)
			const plans = await plansFor(absent, input)
			const id = await inTransaction(db, async trx => {
				const timeOffId = await timeOff.add(trx, { ...absent, reason: input.reason, createdBy: actor.userId })
				const [row] = await trx('rebookings')
					.insert({
						doctor_id: doctorId,
						starts_at: absent.startsAt,
						ends_at: absent.endsAt,
						reason: input.reason,
						time_off_id: timeOffId,
						answer_by: trx.raw('now() + make_interval(secs => ?)', [input.answerByMinutes * 60]),
						created_by: actor.userId,
					})
					.returning<{ id: string }[]>('id')
				const { id } = row as { id: string }
				const visits = plans.map(({ appointmentId, plan, slotId, refusal }) => ({
					rebooking_id: id,
					appointment_id: appointmentId,
					plan,
					slot_id: slotId,
					is_done: plan === 'keep' || refusal !== undefined,
					refusal,
				}))
				if (visits.length > 0) await trx('rebooking_visits').insert(visits)
				await voidReminders(trx, id)
				const details = { doctorId, startsAt: absent.startsAt, endsAt: absent.endsAt, visits: visits.length }
				await recordAudit(trx, { actor, origin, action: 'added', entity: 'rebooking', entityId: id, details })
				return id
			})
			await timeOff.tell()
			await finish(id)
			return await read(id)
		},

		async read(actor, id) {
			await owned(actor, id)
			return await read(id)
		},

		async list(actor, { limit, before }) {
			const query = db('rebookings').orderBy('id', 'desc').limit(limit)
			if (!isStaff(actor)) query.where({ doctor_id: actor.userId })
			if (before !== undefined) query.where('id', '<', before)
			return await Promise.all((await query.pluck('id')).map(id => read(id)))
		},

		async undo({ actor, origin }, id) {
			const { doctor_id: doctorId, time_off_id: timeOffId } = await owned(actor, id)
			await inTransaction(db, async trx => {
				const isNew = await trx('rebookings')
					.where({ id, undone_at: null })
					.update({ undone_at: trx.fn.now(), changes: trx.raw('changes + 1') })
				if (!isNew) throw new Refusal('wrong_status')
				if (timeOffId !== null) await timeOff.remove(trx, { doctorId, timeOffId })
				await restoreReminders(trx, id)
				await recordAudit(trx, { actor, origin, action: 'undone', entity: 'rebooking', entityId: id })
			})
			await timeOff.tell()
			const open: string[] = await db('slot_offers').where({ rebooking_id: id }).whereIn('status', ['sending', 'open']).pluck('id')
			await Promise.all(open.map(offerId => withdraw(offerId, actor, origin)))
			return await read(id)
		},

		finish: () => finish(),

		async takeChanged() {
			const { rows } = await db.raw<{ rows: { id: string }[] }>(
				'UPDATE rebookings SET told = changes WHERE id IN (SELECT id FROM rebookings WHERE changes <> told LIMIT 20 FOR UPDATE SKIP LOCKED) RETURNING id::text',
			)
			return await Promise.all(rows.map(({ id }) => read(id)))
		},
	}

	async function absentDoctor(actor: Actor, doctorId: string, span: { startsAt: string; endsAt: string }): Promise<Absent> {
		const doctor = isDatabaseId(doctorId) && (await db('doctors').where({ id: doctorId }).first('id'))
		if (!doctor) throw new Refusal('not_found')
		if (!isStaff(actor) && actor.userId !== doctorId) throw new Refusal('forbidden')
		const [startsAt, endsAt] = [new Date(span.startsAt), new Date(span.endsAt)]
		if (endsAt.getTime() - startsAt.getTime() > maxDays * 86_400_000)
			throw invalidInput('endsAt', `must be at most ${maxDays} days after startsAt`)
		return { doctorId, startsAt, endsAt }
	}

	/** What is to be done for each visit. A visit whose patient is there already is left alone, whatever was asked. */
	async function plansFor(absent: Absent, { visits }: AbsenceInput): Promise<Plan[]> {
		const asked = new Map(visits.map(visit => [visit.appointmentId, visit]))
		const active = await visitsOf(db, absent)
		for (const id of asked.keys())
			if (!active.some(visit => visit.id === id)) throw invalidInput('visits', `${id} is no visit of this span`)
		const needsProposal = active.some(({ id }) => asked.get(id)?.do === 'offer' && asked.get(id)?.slotId === undefined)
		const proposals = new Map(
			(needsProposal ? await proposePlaces(deps, absent) : []).map(({ appointmentId, proposal }) => [appointmentId, proposal?.id]),
		)
		return active.map(({ id, status }): Plan => {
			const wish = status === 'booked' ? asked.get(id) : undefined
			if (wish?.do !== 'offer') return { appointmentId: id, plan: wish?.do ?? 'keep' }
			const slot = wish.slotId ?? proposals.get(id)
			return { appointmentId: id, plan: 'offer', slotId: slot, ...(slot === undefined && { refusal: 'not_found' }) }
		})
	}

	/** Does what is left to do, of one absence or of all. Every step has a key of its own, so doing it twice does no harm. */
	async function finish(id?: string): Promise<void> {
		const query = db('rebooking_visits as v')
			.join('rebookings as r', 'r.id', 'v.rebooking_id')
			.join('appointments as a', 'a.id', 'v.appointment_id')
			.where({ 'v.is_done': false, 'r.undone_at': null })
			.orderBy(['v.rebooking_id', 'a.starts_at'])
			.limit(500)
			.select<StepRow[]>(
				'v.*',
				'r.created_by',
				'r.reason',
				'a.patient_id',
				'a.type_id',
				db.raw('greatest(1, extract(epoch FROM r.answer_by - r.created_at))::integer AS open_seconds'),
				db.raw('(extract(epoch FROM a.ends_at - a.starts_at) / 60)::integer AS minutes'),
			)
		if (id !== undefined) query.where('v.rebooking_id', id)
		await Promise.all((await query).map(step))
	}

	async function step(row: StepRow): Promise<void> {
		const key = `rebooking-${row.rebooking_id}-${row.appointment_id}`
		const caller = { actor: systemActor(row.created_by), origin: { ip: '', requestId: 'absence' }, idempotencyKey: key }
		const which = { rebooking_id: row.rebooking_id, appointment_id: row.appointment_id }
		try {
			if (row.plan === 'cancel') {
				await commands.cancel(caller, { appointmentId: row.appointment_id, reason: row.reason ?? undefined })
				await done(which, {})
			} else {
				await commands.offer(caller, {
					slotId: row.slot_id ?? '',
					patientId: row.patient_id,
					typeId: row.type_id,
					minutes: row.minutes,
					replaces: row.appointment_id,
					why: 'absence',
					rebookingId: row.rebooking_id,
					openSeconds: row.open_seconds,
				})
				const offer = await db('slot_offers').where({ offered_by: row.created_by, request_key: key }).first('id')
				await done(which, { offer_id: offer?.id ?? null })
			}
		} catch (error) {
			if (!(error instanceof Refusal)) return log.warn({ reason: (error as Error).message, ...which }, 'a visit of an absence waits')
			// Without an outcome the step is repeated, under the same key.
			if (['booking_pending', 'queue_full', 'internal'].includes(error.code)) return
			await done(which, { refusal: error.code })
		}
	}

	async function done(which: { rebooking_id: string; appointment_id: string }, outcome: { offer_id?: string | null; refusal?: string }) {
		await db('rebooking_visits')
			.where(which)
			.update({ is_done: true, ...outcome })
		await db('rebookings')
			.where({ id: which.rebooking_id })
			.update({ changes: db.raw('changes + 1') })
	}

	async function withdraw(offerId: string, actor: Actor, origin: Origin): Promise<void> {
		const offer = await readOffer(db, offerId)
		if (!offer) return
		const caller = { actor, origin, idempotencyKey: `offer-${offerId}-withdrawn` }
		await commands.endOffer(caller, toAnswer(offer), 'withdrawn', actor.userId).catch(error => {
			if (!(error instanceof Refusal && error.code === 'offer_ended')) throw error
		})
	}

	/** @throws Refusal not_found, also for the absence of another doctor */
	async function owned(actor: Actor, id: string): Promise<{ doctor_id: string; time_off_id: string | null }> {
		const row = isDatabaseId(id) && (await db('rebookings').where({ id }).first('doctor_id', 'time_off_id'))
		if (!row || !(isStaff(actor) || actor.userId === row.doctor_id)) throw new Refusal('not_found')
		return row
	}

	function read(id: string): Promise<Rebooking> {
		return readRebooking(db, id)
	}
}

export type Absences = {
	preview(actor: Actor, doctorId: string, span: { startsAt: string; endsAt: string }): Promise<AbsencePreview>
	add(caller: { actor: Actor; origin: Origin }, doctorId: string, input: AbsenceInput): Promise<Rebooking>
	read(actor: Actor, id: string): Promise<Rebooking>
	list(actor: Actor, page: { limit: number; before: string | undefined }): Promise<Rebooking[]>
	undo(caller: { actor: Actor; origin: Origin }, id: string): Promise<Rebooking>
	/** Does what nodes that died have left. */
	finish(): Promise<void>
	/** The absences of which staff are to be told something new. */
	takeChanged(): Promise<Rebooking[]>
}

export type AbsencesDeps = {
	db: Db
	types: AppointmentTypes
	holds: Pick<Holds, 'read'>
	commands: Pick<Commands, 'offer' | 'cancel' | 'endOffer'>
	/** Blocks and opens a doctor's time, as schedules do. */
	timeOff: {
		add(trx: Tx, span: Absent & { reason: string | undefined; createdBy: string }): Promise<string>
		remove(trx: Tx, which: { doctorId: string; timeOffId: string }): Promise<void>
		tell(): Promise<void>
	}
	log: Log
	nowMs: () => number
}

const maxDays = 60

type Plan = { appointmentId: string; plan: 'offer' | 'cancel' | 'keep'; slotId?: string | undefined; refusal?: string }

type StepRow = {
	rebooking_id: string
	appointment_id: string
	plan: 'offer' | 'cancel'
	slot_id: string | null
	created_by: string
	reason: string | null
	patient_id: string
	type_id: string
	open_seconds: number
	minutes: number
}

const away = 'the doctor is away'

/** What a reminder would say is no longer true for visits that are to move or to be cancelled. */
async function voidReminders(trx: Tx, id: string): Promise<void> {
	await trx.raw(
		`UPDATE notification_queue n SET status = 'void', settled_at = now(), last_error = :away
		FROM rebooking_visits v
		WHERE v.rebooking_id = :id AND v.plan <> 'keep' AND n.appointment_id = v.appointment_id AND n.kind = 'reminder' AND n.status = 'due'`,
		{ id, away },
	)
}

async function restoreReminders(trx: Tx, id: string): Promise<void> {
	await trx.raw(
		`UPDATE notification_queue n SET status = 'due', settled_at = NULL, last_error = NULL
		FROM rebooking_visits v JOIN appointments a ON a.id = v.appointment_id
		WHERE v.rebooking_id = :id AND n.appointment_id = a.id AND n.appointment_sequence = a.sequence AND a.status = 'booked'
			AND n.kind = 'reminder' AND n.status = 'void' AND n.last_error = :away AND n.due_at > now()`,
		{ id, away },
	)
}

async function readRebooking(db: DbOrTx, id: string): Promise<Rebooking> {
	const row = await db('rebookings').where({ id }).first()
	const rows = await db('rebooking_visits as v')
		.join('appointments as a', 'a.id', 'v.appointment_id')
		.join('patients as p', 'p.id', 'a.patient_id')
		.leftJoin('slot_offers as o', 'o.id', 'v.offer_id')
		.where('v.rebooking_id', id)
		.orderBy(['a.starts_at', 'a.id'])
		.select<VisitRow[]>(
			'v.*',
			'a.patient_id',
			'a.starts_at',
			'p.full_name',
			'p.phone',
			'o.status as offer_status',
			'o.is_unreachable',
			'o.doctor_id as offer_doctor',
			'o.starts_at as offer_start',
		)
	const visits = rows.map(visit => toVisit(visit, row.undone_at !== null))
	const count = (status: RebookingVisit['status']) => visits.filter(visit => visit.status === status).length
	return {
		id: row.id,
		doctorId: row.doctor_id,
		startsAt: row.starts_at.toISOString(),
		endsAt: row.ends_at.toISOString(),
		...(row.reason !== null && { reason: row.reason }),
		answerBy: row.answer_by.toISOString(),
		createdAt: row.created_at.toISOString(),
		...(row.undone_at !== null && { undoneAt: row.undone_at.toISOString() }),
		counts: {
			offered: count('offered'),
			accepted: count('accepted'),
			declined: count('declined'),
			expired: count('expired'),
			cancelled: count('cancelled'),
			kept: count('kept'),
			unreachable: count('unreachable'),
		},
		visits,
	}
}

type VisitRow = {
	appointment_id: string
	plan: RebookingVisit['do']
	slot_id: string | null
	is_done: boolean
	offer_id: string | null
	refusal: string | null
	patient_id: string
	starts_at: Date
	full_name: string
	phone: string | null
	offer_status: 'sending' | 'open' | 'accepted' | 'declined' | 'expired' | 'withdrawn' | null
	is_unreachable: boolean | null
	offer_doctor: string | null
	offer_start: Date | null
}

function toVisit(row: VisitRow, isUndone: boolean): RebookingVisit {
	const place = row.offer_doctor !== null && row.offer_start ? slotId(row.offer_doctor, row.offer_start.getTime() / 60_000) : row.slot_id
	return {
		appointmentId: row.appointment_id,
		patientId: row.patient_id,
		patientName: row.full_name,
		...(row.phone !== null && { phone: row.phone }),
		startsAt: row.starts_at.toISOString(),
		do: row.plan,
		status: statusOf(row, isUndone),
		...(row.offer_id !== null && { offerId: row.offer_id }),
		...(place !== null && { slotId: place }),
		...(row.refusal !== null && { refusal: row.refusal }),
	}
}

function statusOf({ plan, is_done: isDone, refusal, offer_status: offer, is_unreachable: isUnreachable }: VisitRow, isUndone: boolean) {
	if (plan === 'keep') return 'kept'
	if (refusal !== null) return 'failed'
	if (!isDone) return isUndone ? 'undone' : 'pending'
	if (plan === 'cancel') return 'cancelled'
	switch (offer) {
		case 'sending':
		case 'open':
			return isUnreachable ? 'unreachable' : 'offered'
		case 'withdrawn':
		case null:
			return isUndone ? 'undone' : 'expired'
		default:
			return offer
	}
}
