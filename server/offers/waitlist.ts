import type { Page, WaitlistChanges, WaitlistEntry, WaitlistInput } from '../../contract/index.ts'
import { offerEndpoints as endpoints } from '../../contract/index.ts'
import { specialtyOf, spellingsOf } from '../../contract/specialties.ts'
import type { AppointmentTypes } from '../clinic/appointment-types.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, inTransaction, readSql } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import type { Answers } from './answers.ts'

/** Who waits for a slot. The statement that frees a slot looks for the first whom it suits (settle_offers in PostgreSQL). */
export function waitlistRoutes({ db, types, isOn, answers }: WaitlistDeps): Route[] {
	return [
		route(endpoints.listWaitlist, async ({ query }, actor) => {
			await checkIsOn(actor)
			return await list(actor, query)
		}),
		route(endpoints.addToWaitlist, async ({ body, origin }, actor) => {
			await checkIsOn(actor)
			const row = await rowOf(actor, body)
			const id = await inTransaction(db, async trx => {
				const [added] = await trx('waitlist_entries').insert(row).returning<{ id: string }[]>('id')
				const { id } = added as { id: string }
				const details = { patientId: row.patient_id }
				await recordAudit(trx, { actor, origin, action: 'added', entity: 'waitlist_entry', entityId: id, details })
				return id
			})
			return await find(actor, id)
		}),
		route(endpoints.updateWaitlistEntry, async ({ params, body, origin }, actor) => {
			await checkIsOn(actor)
			const entry = await find(actor, params.id)
			if (body.priority === 'urgent' && !isStaff(actor)) throw new Refusal('forbidden')
			if (entry.status === 'booked' || (entry.status === 'offered' && body.status !== undefined)) throw new Refusal('wrong_status')
			await inTransaction(db, async trx => {
				await trx('waitlist_entries')
					.where({ id: entry.id })
					.update({ ...changesOf(body), updated_at: trx.fn.now() })
				await recordAudit(trx, { actor, origin, action: 'updated', entity: 'waitlist_entry', entityId: entry.id })
			})
			return await find(actor, entry.id)
		}),
		route(endpoints.leaveWaitlist, async ({ params, origin, idempotencyKey }, actor) => {
			const entry = await find(actor, params.id)
			const open = await db('slot_offers').where({ entry_id: entry.id }).whereIn('status', ['sending', 'open']).first('id')
			await inTransaction(db, async trx => {
				await trx('waitlist_entries')
					.where({ id: entry.id })
					.whereNot({ status: 'booked' })
					.update({ status: 'left', updated_at: trx.fn.now() })
				await recordAudit(trx, { actor, origin, action: 'removed', entity: 'waitlist_entry', entityId: entry.id })
			})
			if (open) await answers.decline({ actor, origin, idempotencyKey }, open.id).catch(unlessEnded)
		}),
	]

	/** Patients wait only where the clinic lets them; staff keep the list in any case. */
	async function checkIsOn(actor: Actor): Promise<void> {
		if (!isStaff(actor) && !(await isOn())) throw new Refusal('forbidden')
	}

	async function list(
		actor: Actor,
		filter: {
			status?: string | undefined
			patientId?: string | undefined
			doctorId?: string | undefined
			cursor?: string | undefined
			limit: number
		},
	): Promise<Page<WaitlistEntry>> {
		const patientId = isStaff(actor) ? (filter.patientId ?? null) : (actor.patientId ?? '0')
		if ([patientId, filter.doctorId].some(id => id != null && !isDatabaseId(id))) return { items: [], nextCursor: null }
		const after = filter.cursor === undefined ? null : (decodeCursor(filter.cursor, 1)[0] as string)
		if (after !== null && !/^\d{1,9}$/.test(after)) throw invalidInput('cursor', 'is not one that this server gave out')
		const offset = Number(after ?? 0)
		const rows = await read({
			id: null,
			patientId,
			doctorId: filter.doctorId ?? null,
			status: filter.status ?? null,
			offset,
			limit: filter.limit + 1,
		})
		return toPage(rows, filter.limit, toEntry, () => [offset + filter.limit])
	}

	/** @throws Refusal not_found, also for an entry that the actor may not see */
	async function find(actor: Actor, id: string): Promise<WaitlistEntry> {
		const patientId = isStaff(actor) ? null : (actor.patientId ?? '0')
		const [row] = isDatabaseId(id) ? await read({ id, patientId, doctorId: null, status: null, offset: 0, limit: 1 }) : []
		if (!row) throw new Refusal('not_found')
		return toEntry(row)
	}

	async function read(values: Record<string, string | number | null>): Promise<Row[]> {
		return (await db.raw(readEntries, values as Record<string, string>)).rows
	}

	async function rowOf(actor: Actor, input: WaitlistInput) {
		if (!isStaff(actor) && (input.priority === 'urgent' || (input.patientId !== undefined && input.patientId !== actor.patientId)))
			throw new Refusal('forbidden')
		const patientId = isStaff(actor) ? input.patientId : actor.patientId
		if (patientId === undefined) throw isStaff(actor) ? invalidInput('patientId', 'say for whom') : new Refusal('forbidden')
		const { isPublic, isArchived } = await types.rulesOf(input.typeId)
		if (isArchived || !(isPublic || isStaff(actor))) throw new Refusal('type_not_offered')
		const known = isDatabaseId(patientId) && (await db('patients').where({ id: patientId, erasure_asked_at: null }).first('id'))
		if (!known) throw new Refusal('not_found')
		const replaced = input.replaces
		if (replaced !== undefined) {
			const visit = isDatabaseId(replaced) && (await db('appointments').where({ id: replaced, patient_id: patientId }).first('status'))
			if (!visit) throw new Refusal('not_found')
			if (visit.status !== 'booked') throw new Refusal('wrong_status')
		}
		const waiting = await db('waitlist_entries').where({ patient_id: patientId }).whereIn('status', ['waiting', 'offered']).count()
		if (Number(waiting[0]?.count) >= maxEntries)
			throw new Refusal('hold_limit', { message: `At most ${maxEntries} entries can wait at once` })
		return {
			patient_id: patientId,
			type_id: input.typeId,
			replaces: replaced ?? null,
			created_by: actor.userId,
			notice_minutes: input.noticeMinutes,
			...changesOf(input),
		}
	}
}

export type WaitlistDeps = {
	db: Db
	types: AppointmentTypes
	/** Whether the clinic's policy lets patients wait. */
	isOn: () => Promise<boolean>
	answers: Pick<Answers, 'decline'>
}

/** As many as a patient can wait for at once. */
const maxEntries = 20

const readEntries = readSql('read_entries.sql', import.meta.url)

type Row = {
	id: string
	patient_id: string
	type_id: string
	doctor_ids: string[] | null
	specialty: string | null
	site_ids: string[] | null
	wanted_from: string
	wanted_until: string
	weekdays: number[] | null
	between_start: string | null
	between_end: string | null
	notice_minutes: number
	replaces: string | null
	priority: WaitlistEntry['priority']
	status: WaitlistEntry['status']
	position: number
	patient_name: string
	created_at: Date
}

function toEntry(row: Row): WaitlistEntry {
	return {
		id: row.id,
		patientId: row.patient_id,
		typeId: row.type_id,
		...(row.doctor_ids && { doctorIds: row.doctor_ids }),
		...(row.specialty !== null && { specialty: row.specialty }),
		...(row.site_ids && { siteIds: row.site_ids }),
		from: row.wanted_from,
		until: row.wanted_until,
		...(row.weekdays && { weekdays: row.weekdays }),
		...(row.between_start !== null && { between: { start: row.between_start, end: row.between_end as string } }),
		noticeMinutes: row.notice_minutes,
		...(row.replaces !== null && { replaces: row.replaces }),
		priority: row.priority,
		status: row.status,
		position: row.position,
		patientName: row.patient_name,
		createdAt: row.created_at.toISOString(),
	}
}

function changesOf(wish: Partial<WaitlistInput> | WaitlistChanges) {
	const { doctorIds, specialty, siteIds, from, until, weekdays, between, noticeMinutes, priority } = wish
	const status = 'status' in wish ? wish.status : undefined
	for (const id of [...(doctorIds ?? []), ...(siteIds ?? [])]) if (!isDatabaseId(id)) throw new Refusal('not_found')
	const named = specialty === undefined ? undefined : specialtyOf(specialty)
	return {
		...(doctorIds && { doctor_ids: doctorIds }),
		...(specialty !== undefined && { specialty, specialties: [specialty.toLowerCase(), ...(named ? spellingsOf([named]) : [])] }),
		...(siteIds !== undefined && { site_ids: siteIds }),
		...(from !== undefined && { wanted_from: from }),
		...(until !== undefined && { wanted_until: until }),
		...(weekdays !== undefined && { weekdays }),
		...(between !== undefined && { between_start: between?.start ?? null, between_end: between?.end ?? null }),
		...(noticeMinutes !== undefined && { notice_minutes: noticeMinutes }),
		...(priority !== undefined && { priority }),
		...(status !== undefined && { status }),
	}
}

function unlessEnded(error: unknown): void {
	if (!(error instanceof Refusal && error.code === 'offer_ended')) throw error
}
