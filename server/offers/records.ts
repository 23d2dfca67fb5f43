import type { Offer, OfferStatus, Page } from '../../contract/index.ts'
import type { OfferToAnswer } from '../booking/commands.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import type { DbOrTx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput } from '../platform/refusal.ts'
import { instantOf, minuteOf, slotId } from '../slots/slot-id.ts'

/** An offer as the table has it, with the names that people see. */
export type StoredOffer = {
	id: string
	doctor_id: string
	patient_id: string
	type_id: string
	starts_at: Date
	ends_at: Date
	slot_starts: Date[]
	why: Offer['why']
	entry_id: string | null
	rebooking_id: string | null
	replaces: string | null
	replaced_doctor_id: string | null
	status: OfferStatus
	expires_at: Date | null
	is_unreachable: boolean
	appointment_id: string | null
	offered_by: string
	created_at: Date
	patient_name: string
	patient_user_id: string | null
	doctor_name: string
}

export async function readOffer(db: DbOrTx, id: string): Promise<StoredOffer | undefined> {
	return isDatabaseId(id) ? (await readOffers(db, [id]))[0] : undefined
}

export function readOffers(db: DbOrTx, ids: readonly string[]): Promise<StoredOffer[]> {
	return offers(db).whereIn('o.id', [...ids])
}

/** The offer that a request has made. */
export function readOfferOfRequest(db: DbOrTx, offeredBy: string, key: string): Promise<StoredOffer | undefined> {
	return offers(db).where({ 'o.offered_by': offeredBy, 'o.request_key': key }).first()
}

export type OfferFilter = {
	status?: OfferStatus[] | undefined
	patientId?: string | undefined
	doctorId?: string | undefined
	cursor?: string | undefined
	limit: number
}

/** The newest first: one's own for a patient, all for staff. */
export async function listOffers(db: DbOrTx, actor: Actor, filter: OfferFilter): Promise<Page<Offer>> {
	const patientId = isStaff(actor) ? filter.patientId : (actor.patientId ?? '0')
	if ([patientId, filter.doctorId].some(id => id !== undefined && !isDatabaseId(id))) return { items: [], nextCursor: null }
	const query = offers(db)
		.orderBy('o.id', 'desc')
		.limit(filter.limit + 1)
	if (patientId !== undefined) query.where('o.patient_id', patientId)
	if (filter.doctorId !== undefined) query.where('o.doctor_id', filter.doctorId)
	if (filter.status) query.whereIn('o.status', filter.status)
	if (filter.cursor) {
		const [id = ''] = decodeCursor(filter.cursor, 1)
		if (!isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
		query.where('o.id', '<', id)
	}
	return toPage(await query, filter.limit, toWireOffer, row => [row.id])
}

export function toWireOffer(row: StoredOffer): Offer {
	return {
		id: row.id,
		doctorId: row.doctor_id,
		slotIds: row.slot_starts.map(start => slotId(row.doctor_id, minuteOf(start))),
		startsAt: instantOf(minuteOf(row.starts_at)),
		endsAt: instantOf(minuteOf(row.ends_at)),
		patientId: row.patient_id,
		typeId: row.type_id,
		why: row.why,
		...(row.entry_id !== null && { entryId: row.entry_id }),
		...(row.rebooking_id !== null && { rebookingId: row.rebooking_id }),
		...(row.replaces !== null && { replaces: row.replaces }),
		status: row.status,
		...(row.expires_at !== null && { expiresAt: row.expires_at.toISOString() }),
		...(row.appointment_id !== null && { appointmentId: row.appointment_id }),
		patientName: row.patient_name,
		doctorName: row.doctor_name,
		createdAt: row.created_at.toISOString(),
	}
}

export function toAnswer(row: StoredOffer): OfferToAnswer {
	const startMinute = minuteOf(row.starts_at)
	return {
		id: row.id,
		doctorId: row.doctor_id,
		startMinute,
		minutes: minuteOf(row.ends_at) - startMinute,
		typeId: row.type_id,
		patientId: row.patient_id,
		replaces: row.replaces === null ? undefined : { appointmentId: row.replaces, doctorId: row.replaced_doctor_id ?? row.doctor_id },
	}
}

function offers(db: DbOrTx) {
	return db('slot_offers as o')
		.join('patients as p', 'p.id', 'o.patient_id')
		.join('users as u', 'u.id', 'o.doctor_id')
		.leftJoin('appointments as old', 'old.id', 'o.replaces')
		.select<StoredOffer[]>(
			'o.*',
			'p.full_name as patient_name',
			'p.user_id as patient_user_id',
			'u.full_name as doctor_name',
			'old.doctor_id as replaced_doctor_id',
		)
}
