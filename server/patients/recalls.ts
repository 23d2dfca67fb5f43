import { recallEndpoints as endpoints, type Page, type Recall, type RecallChanges, type RecallInput } from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, inTransaction, violatedConstraint } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'

/** The call list: patients whose visit lies beyond the days that are open yet. */
export function recallRoutes(db: Db): Route[] {
	return [
		route(endpoints.listRecalls, ({ query }) => listRecalls(db, query)),
		route(endpoints.createRecall, ({ body, origin }, actor) => createRecall(db, actor, body, origin)),
		route(endpoints.updateRecall, ({ params, body, origin }, actor) => updateRecall(db, actor, params.id, body, origin)),
	]
}

type RecallQuery = { until?: string | undefined; status: Recall['status']; cursor?: string | undefined; limit: number }

async function listRecalls(db: Db, { until, status, cursor, limit }: RecallQuery): Promise<Page<Recall>> {
	const query = recalls(db)
		.where('r.status', status)
		.orderBy(['r.due_on', 'r.id'])
		.limit(limit + 1)
	if (until !== undefined) query.where('r.due_on', '<=', until)
	if (cursor !== undefined) {
		const [dueOn = '', id = ''] = decodeCursor(cursor, 2)
		if (!/^\d{4}-\d\d-\d\d$/.test(dueOn) || Number.isNaN(Date.parse(dueOn)) || !isDatabaseId(id))
			throw invalidInput('cursor', 'is not one that this server gave out')
		query.whereRaw('(r.due_on, r.id) > (?::date, ?::bigint)', [dueOn, id])
	}
	return toPage<Row, Recall>(await query, limit, toRecall, ({ due_on, id }) => [due_on, id])
}

function recalls(db: DbOrTx) {
	return db('recalls as r')
		.join('patients as p', 'p.id', 'r.patient_id')
		.leftJoin('users as doctor', 'doctor.id', 'r.doctor_id')
		.select('r.*', 'p.full_name as patient_name', 'p.phone', 'doctor.full_name as doctor_name')
}

type Row = {
	id: string
	patient_id: string
	patient_name: string
	phone: string | null
	type_id: string | null
	doctor_id: string | null
	doctor_name: string | null
	due_on: string
	note: string | null
	status: Recall['status']
	created_at: Date
	updated_at: Date
}

const toRecall = (row: Row): Recall => ({
	id: row.id,
	patientId: row.patient_id,
	patientName: row.patient_name,
	...(row.phone !== null && { phone: row.phone }),
	...(row.type_id !== null && { typeId: row.type_id }),
	...(row.doctor_id !== null && { doctorId: row.doctor_id }),
	...(row.doctor_name !== null && { doctorName: row.doctor_name }),
	dueOn: row.due_on,
	...(row.note !== null && { note: row.note }),
	status: row.status,
	createdAt: row.created_at.toISOString(),
	updatedAt: row.updated_at.toISOString(),
})

/** @throws Refusal not_found for a patient, a doctor or a type that there is not, and for a patient who is erased */
async function createRecall(
	db: Db,
	actor: Actor,
	{ patientId, typeId, doctorId, dueOn, note }: RecallInput,
	origin: Origin,
): Promise<Recall> {
	if (![patientId, typeId, doctorId].every(id => id === undefined || isDatabaseId(id))) throw new Refusal('not_found')
	try {
		return await inTransaction(db, async trx => {
			// Locked, so that an erasure removes the recall too.
			const patient = await trx('patients').where({ id: patientId, erasure_asked_at: null }).forShare().first('id')
			if (!patient) throw new Refusal('not_found')
			const row = { patient_id: patientId, type_id: typeId, doctor_id: doctorId, due_on: dueOn, note, created_by: actor.userId }
			const [{ id }] = await trx('recalls').insert(row).returning('id')
			await recordAudit(trx, { actor, origin, action: 'created', entity: 'recall', entityId: id, details: { patientId, dueOn } })
			return await readRecall(trx, id)
		})
	} catch (error) {
		if (violatedConstraint(error)?.endsWith('_fkey')) throw new Refusal('not_found')
		throw error
	}
}

/** @throws Refusal not_found */
async function updateRecall(db: Db, actor: Actor, id: string, { dueOn, note, status }: RecallChanges, origin: Origin): Promise<Recall> {
	if (!isDatabaseId(id)) throw new Refusal('not_found')
	return await inTransaction(db, async trx => {
		const before = await trx('recalls').where({ id }).forUpdate().first('status')
		if (!before) throw new Refusal('not_found')
		const fields = Object.fromEntries(Object.entries({ due_on: dueOn, note, status }).filter(([, value]) => value !== undefined))
		if (Object.keys(fields).length > 0) {
			await trx('recalls')
				.where({ id })
				.update({ ...fields, updated_at: trx.fn.now() })
			const details = { fields: Object.keys(fields), ...(status && { from: before.status, to: status }) }
			await recordAudit(trx, { actor, origin, action: 'updated', entity: 'recall', entityId: id, details })
		}
		return await readRecall(trx, id)
	})
}

async function readRecall(db: DbOrTx, id: string): Promise<Recall> {
	return toRecall((await recalls(db).where('r.id', id).first()) as Row)
}
