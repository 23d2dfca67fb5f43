import { patientEndpoints } from '../../contract/index.ts'
import { type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { recallRoutes } from './recalls.ts'
import { findPatient, insertPatient, type PatientRow, searchPatients, toPatient, updatePatient } from './store.ts'

export type PatientsDeps = {
	db: Db
	/** Staff who watch a calendar see patients' names: a new name is announced in the transaction that writes it, and told after its commit. */
	announcements: { writePatient(trx: Tx, patientId: string): Promise<void>; tell(): Promise<void> }
}

export type Patients = { routes: Route[] }

const entity = 'patient'

/** The desk's patient files. Every look into a file and every change of it is recorded in the audit log. */
export function createPatients({ db, announcements }: PatientsDeps): Patients {
	const find = route(patientEndpoints.findPatients, async ({ query: { q = '', cursor, limit }, origin }, actor) => {
		const rows = await searchPatients(db, { query: q, after: await lastShown(cursor), limit })
		const page = toPage(rows, limit, toPatient, row => [row.id])
		await recordAudit(db, { actor, origin, action: 'searched', entity, details: { shown: page.items.length } })
		return page
	})

	const create = route(patientEndpoints.createPatient, async ({ body, origin }, actor) => {
		const row = await inTransaction(db, async trx => {
			const inserted = await insertPatient(trx, body)
			await recordAudit(trx, { actor, origin, action: 'created', entity, entityId: inserted.id })
			return inserted
		})
		return toPatient(row)
	})

	const get = route(patientEndpoints.getPatient, async ({ params, origin }, actor) => {
		const row = found(await findPatient(db, knownId(params.id)))
		await recordAudit(db, { actor, origin, action: 'viewed', entity, entityId: row.id })
		return toPatient(row)
	})

	const update = route(patientEndpoints.updatePatient, async ({ params, body, origin }, actor) => {
		const id = knownId(params.id)
		const fields = Object.keys(body)
		if (fields.length === 0) return toPatient(found(await findPatient(db, id)))
		const row = await inTransaction(db, async trx => {
			const updated = found(await updatePatient(trx, id, body))
			await recordAudit(trx, { actor, origin, action: 'updated', entity, entityId: id, details: { fields } })
			if (body.fullName !== undefined) await announcements.writePatient(trx, id)
			return updated
		})
		await announcements.tell()
		return toPatient(row)
	})

	return { routes: [find, create, get, update, ...recallRoutes(db)] }

	// The cursor names the last patient by id only: proxies log addresses, and must not log patients' names.
	async function lastShown(cursor: string | undefined): Promise<PatientRow | undefined> {
		if (cursor === undefined) return undefined
		const [id = ''] = decodeCursor(cursor, 1)
		const row = isDatabaseId(id) ? await findPatient(db, id) : undefined
		if (!row) throw invalidInput('cursor', 'is not one that this server gave out')
		return row
	}
}

function found(row: PatientRow | undefined): PatientRow {
	if (!row) throw new Refusal('not_found')
	return row
}

function knownId(id: string): string {
	if (!isDatabaseId(id)) throw new Refusal('not_found')
	return id
}
