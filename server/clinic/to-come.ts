import type { Tx } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'

/** Of what future appointments may need, whatever is about to go. */
export type Needed = { doctorId: string } | { typeId: string } | { siteId: string }

/**
 * Makes sure that no appointment to come needs what is about to go. Bookings that are being written are waited for.
 *
 * @throws Refusal in_use, with the appointments
 */
export async function refuseInUse(trx: Tx, needed: Needed): Promise<void> {
	await lock(trx, needed)
	const conflicts = await appointmentsToCome(trx, needed)
	if (conflicts.length > 0) throw new Refusal('in_use', { extra: { conflicts } })
}

/** An appointment that is being inserted refers to its doctor and its type, which this waits for. */
async function lock(trx: Tx, needed: Needed) {
	if ('doctorId' in needed) await trx('doctors').where({ id: needed.doctorId }).forUpdate().select('id')
	if ('typeId' in needed) await trx('appointment_types').where({ id: needed.typeId }).forUpdate().select('id')
	if ('siteId' in needed) await trx('sites').where({ id: needed.siteId }).forUpdate().select('id')
}

/** How many a refusal names. */
const named = 100

/** The earliest first. */
async function appointmentsToCome(trx: Tx, needed: Needed): Promise<string[]> {
	const query = trx('appointments as a')
		.whereIn('a.status', ['booked', 'checked_in', 'in_progress'])
		.where('a.ends_at', '>', trx.fn.now())
		.orderBy(['a.starts_at', 'a.id'])
		.limit(named)
	if ('doctorId' in needed) query.where('a.doctor_id', needed.doctorId)
	if ('typeId' in needed) query.where('a.type_id', needed.typeId)
	if ('siteId' in needed)
		query
			.join('appointment_slots as s', join => join.on('s.doctor_id', 'a.doctor_id').andOn('s.starts_at', 'a.starts_at'))
			.where('s.site_id', needed.siteId)
	return await query.pluck('a.id')
}
