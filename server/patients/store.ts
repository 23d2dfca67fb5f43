import type { Patient, PatientChange, PatientChanges, PatientInput, Role } from '../../contract/index.ts'
import type { Db, DbOrTx, Tx } from '../platform/database/database.ts'

export type PatientRow = {
	id: string
	user_id: string | null
	full_name: string
	phone: string | null
	email: string | null
	birth_date: string | null
}

export const columns = ['id', 'user_id', 'full_name', 'phone', 'email', 'birth_date']

export function toPatient(row: PatientRow): Patient {
	return {
		id: row.id,
		fullName: row.full_name,
		...(row.phone && { phone: row.phone }),
		...(row.email && { email: row.email }),
		...(row.birth_date && { birthDate: row.birth_date }),
		...(row.user_id && { userId: row.user_id }),
	}
}

/** Undefined also from the moment at which a patient's erasure is requested. */
export async function findPatient(db: DbOrTx, id: string): Promise<PatientRow | undefined> {
	return await db<PatientRow>('patients').where({ id }).whereNull('erasure_asked_at').first(columns)
}

export async function insertPatient(trx: Tx, input: PatientInput): Promise<PatientRow> {
	const [row] = await trx<PatientRow>('patients')
		.insert({
			full_name: composed(input.fullName),
			phone: input.phone,
			email: input.email ?? null,
			birth_date: input.birthDate ?? null,
		})
		.returning(columns)
	return row as PatientRow
}

export type FileRow = PatientRow & { notes: string | null; tags: string[]; may_book_online: boolean }

export const fileColumns = [...columns, 'notes', 'tags', 'may_book_online']

/** The file, locked against other changes. */
export async function lockFile(trx: Tx, id: string): Promise<FileRow | undefined> {
	return await trx<FileRow>('patients').where({ id }).whereNull('erasure_asked_at').forUpdate().first(fileColumns)
}

const columnOf = {
	fullName: 'full_name',
	phone: 'phone',
	email: 'email',
	birthDate: 'birth_date',
	notes: 'notes',
	tags: 'tags',
	mayBookOnline: 'may_book_online',
} as const satisfies Record<keyof PatientChanges, keyof FileRow>

export type FieldChange = { field: keyof PatientChanges; was: unknown; became: unknown }

/**
 * Changes the file, and the name and phone of the patient's account with it. Keeps the account's e-mail address, because the patient
 * signs in with it; the address in the file is where the desk writes. Undefined without such a file.
 */
export async function updatePatient(trx: Tx, id: string, changes: PatientChanges, changedBy: string): Promise<FieldChange[] | undefined> {
	const before = await lockFile(trx, id)
	if (!before) return undefined
	const changed = changesOf(before, changes)
	if (changed.length === 0) return []
	const values = Object.fromEntries(changed.map(({ field, became }) => [columnOf[field], became]))
	await trx('patients')
		.where({ id })
		.update({ ...values, updated_at: trx.fn.now() })
	if (before.user_id && ('full_name' in values || 'phone' in values)) {
		const { full_name, phone } = { ...before, ...values }
		await trx('users').where({ id: before.user_id }).update({ full_name, phone, updated_at: trx.fn.now() })
	}
	await trx('patient_changes').insert(
		changed.map(({ field, was, became }) => ({
			patient_id: id,
			changed_by: changedBy,
			field,
			was: JSON.stringify(was),
			became: JSON.stringify(became),
		})),
	)
	return changed
}

function changesOf(before: FileRow, changes: PatientChanges): FieldChange[] {
	const fields = Object.keys(changes).filter(field => changes[field as keyof PatientChanges] !== undefined) as (keyof PatientChanges)[]
	return fields
		.map(field => ({ field, was: before[columnOf[field]], became: stored(field, changes) }))
		.filter(({ was, became }) => JSON.stringify(was) !== JSON.stringify(became))
}

function stored(field: keyof PatientChanges, changes: PatientChanges): unknown {
	if (field === 'fullName') return composed(changes.fullName ?? '')
	if (field === 'tags') return [...new Set(changes.tags)]
	return changes[field] === '' ? null : changes[field]
}

const composed = (name: string) => name.normalize()

/** The last hundred corrections of a file, latest first. */
export async function listChanges(db: Db, id: string): Promise<PatientChange[]> {
	type Row = { at: Date; field: string; was: unknown; became: unknown; name: string | null; role: Role | null }
	const rows: Row[] = await db('patient_changes as c')
		.leftJoin('users as u', 'u.id', 'c.changed_by')
		.where('c.patient_id', id)
		.orderBy('c.id', 'desc')
		.limit(100)
		.select('c.at', 'c.field', 'c.was', 'c.became', 'u.full_name as name', 'u.role')
	return rows.map(({ at, field, was, became, name, role }) => ({
		at: at.toISOString(),
		field,
		from: was,
		to: became,
		...(name && role && { by: { name, role } }),
	}))
}
