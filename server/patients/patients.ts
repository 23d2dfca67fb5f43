import { type PatientCard, patientEndpoints } from '../../contract/index.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { type AuditFact, recordAudit } from '../platform/security/audit.ts'
import { readCard, readForDoctor } from './card.ts'
import { findDuplicates } from './duplicates.ts'
import { type MergeEffects, mergeFiles, undoMerge } from './merge.ts'
import { recallRoutes } from './recalls.ts'
import { searchPatients } from './search.ts'
import { type FieldChange, findPatient, insertPatient, listChanges, type PatientRow, toPatient, updatePatient } from './store.ts'

export type PatientsDeps = {
	db: Db
	/** Staff who watch a calendar see patients' names: a new name is announced in the transaction that writes it, and told after its commit. */
	announcements: { writePatient(trx: Tx, patientId: string): Promise<void>; tell(): Promise<void> }
	/** Where phone numbers without a country belong. */
	country: () => Promise<string | undefined>
	cutoffMinutes: () => Promise<number>
}

export type Patients = { routes: Route[] }

const entity = 'patient'

/** The desk's patient files. Every look into a file and every change of it is recorded in the audit log. */
export function createPatients({ db, announcements, country, cutoffMinutes }: PatientsDeps): Patients {
	const find = route(patientEndpoints.findPatients, async ({ query: { q = '', cursor, limit }, origin }, actor) => {
		const { rows, isSimilar } = await searchPatients(db, { query: q, after: await lastShown(cursor), limit, country: await country() })
		const page = toPage(rows, limit, toPatient, row => [row.id])
		await recordAudit(db, { actor, origin, action: 'searched', entity, details: { shown: page.items.length } })
		return { ...page, ...(isSimilar && { similar: true as const }) }
	})

	const create = route(patientEndpoints.createPatient, async ({ body, origin }, actor) => {
		const row = await inTransaction(db, async trx => {
			const inserted = await insertPatient(trx, body)
			await recordAudit(trx, { actor, origin, action: 'created', entity, entityId: inserted.id })
			return inserted
		})
		return toPatient(row)
	})

	const duplicates = route(patientEndpoints.findDuplicates, async ({ body, origin }, actor) => {
		const items = (await findDuplicates(db, body, await country())).map(toPatient)
		await recordAudit(db, { actor, origin, action: 'searched', entity, details: { shown: items.length } })
		return { items }
	})

	const get = route(patientEndpoints.getPatient, async ({ params, origin }, actor) => {
		const card = await cardOf(knownId(params.id))
		await recordAudit(db, { actor, origin, action: 'viewed', entity, entityId: card.id })
		return card
	})

	const update = route(patientEndpoints.updatePatient, async ({ params, body, origin }, actor) => {
		const id = knownId(params.id)
		const fields = Object.keys(body)
		if (fields.length === 0) return await cardOf(id)
		await inTransaction(db, async trx => {
			const changed = await updatePatient(trx, id, body, actor.userId)
			if (!changed) throw new Refusal('not_found')
			await recordAudit(trx, { actor, origin, action: 'updated', entity, entityId: id, details: { fields, ...impersonal(changed) } })
			if (changed.some(({ field }) => field === 'fullName')) await announcements.writePatient(trx, id)
		})
		await announcements.tell()
		return await cardOf(id)
	})

	const changes = route(patientEndpoints.listPatientChanges, async ({ params }) => {
		const id = knownId(params.id)
		if (!(await findPatient(db, id))) throw new Refusal('not_found')
		return { items: await listChanges(db, id) }
	})

	const merge = route(patientEndpoints.mergePatients, async ({ params, body, origin }, actor) => {
		const ids = { id: knownId(params.id), otherId: body.otherId, mergedBy: actor.userId }
		const { keptId } = await mergeFiles(db, ids, recordAs('merged', { actor, origin }))
		await announcements.tell()
		return await cardOf(keptId)
	})

	const undo = route(patientEndpoints.undoMerge, async ({ params, origin }, actor) => {
		const { keptId } = await undoMerge(db, knownId(params.id), recordAs('merge_undone', { actor, origin }))
		await announcements.tell()
		return await cardOf(keptId)
	})

	const forDoctor = route(patientEndpoints.getDoctorsPatient, async ({ params, origin }, actor) => {
		if (!isStaff(actor) && actor.userId !== params.id) throw new Refusal('forbidden')
		const patient = await readForDoctor(db, knownId(params.patientId), knownId(params.id))
		if (!patient) throw new Refusal('not_found')
		await recordAudit(db, { actor, origin, action: 'viewed', entity, entityId: patient.id })
		return patient
	})

	return { routes: [find, create, duplicates, get, update, changes, merge, undo, forDoctor, ...recallRoutes(db)] }

	async function cardOf(id: string): Promise<PatientCard> {
		const card = await readCard(db, id, await cutoffMinutes())
		if (!card) throw new Refusal('not_found')
		return card
	}

	/** The visits of both files change their patient's name on the desk's screens. */
	function recordAs(action: string, by: Pick<AuditFact, 'origin'> & { actor: Actor }) {
		return async (trx: Tx, { keptId, mergedId }: MergeEffects) => {
			const details = { patientId: mergedId }
			await recordAudit(trx, { ...by, action, entity, entityId: keptId, details })
			for (const id of [keptId, mergedId]) await announcements.writePatient(trx, id)
		}
	}

	// The cursor names the last patient by id only: proxies log addresses, and must not log patients' names.
	async function lastShown(cursor: string | undefined): Promise<PatientRow | undefined> {
		if (cursor === undefined) return undefined
		const [id = ''] = decodeCursor(cursor, 1)
		const row = isDatabaseId(id) ? await findPatient(db, id) : undefined
		if (!row) throw invalidInput('cursor', 'is not one that this server gave out')
		return row
	}
}

/** From what to what, as far as it says nothing personal: the audit log cannot forget. The file's own history has the rest. */
function impersonal(changed: FieldChange[]): { from?: Record<string, unknown>; to?: Record<string, unknown> } {
	const ban = changed.find(({ field }) => field === 'mayBookOnline')
	return ban ? { from: { mayBookOnline: ban.was }, to: { mayBookOnline: ban.became } } : {}
}

function knownId(id: string): string {
	if (!isDatabaseId(id)) throw new Refusal('not_found')
	return id
}
