import { type Db, inTransaction, type Tx, violatedConstraint } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { undoDays } from './card.ts'
import { type FileRow, lockFile } from './store.ts'

export type MergeEffects = { keptId: string; mergedId: string }

/**
 * Makes two files one, in one transaction: the visits get the kept file, which also gets what it lacks; then the other file's row
 * goes, so that a booking which was decided for it before can no longer be written. What was stays in `patient_merges`.
 *
 * @throws Refusal not_found; invalid_input for two accounts; patient_overlap when both have a visit at one time
 */
export async function mergeFiles(
	db: Db,
	ids: { id: string; otherId: string; mergedBy: string },
	record: (trx: Tx, merged: MergeEffects) => Promise<void>,
): Promise<MergeEffects> {
	const { id, otherId, mergedBy } = ids
	if (!isDatabaseId(otherId)) throw new Refusal('not_found')
	if (id === otherId) throw invalidInput('otherId', 'is the same file')
	return await refusingOverlap(() =>
		inTransaction(db, async trx => {
			await lockPatients(trx, [id, otherId])
			const [one, other] = [await lockFile(trx, id), await lockFile(trx, otherId)]
			if (!one || !other) throw new Refusal('not_found')
			if (one.user_id && other.user_id) throw invalidInput('otherId', 'has an account, and so has this patient: one has to be closed first')
			const [kept, merged] = other.user_id ? [other, one] : [one, other]
			const { before, after } = complete(kept, merged)
			const moved = await moveAll(trx, merged.id, kept.id)
			const file = await trx('patients').where({ id: merged.id }).first(trx.raw('to_jsonb(patients) AS row'))
			await trx('patients').where({ id: merged.id }).delete()
			if (Object.keys(after).length > 0)
				await trx('patients')
					.where({ id: kept.id })
					.update({ ...after, updated_at: trx.fn.now() })
			await trx('patient_merges').insert({
				kept_id: kept.id,
				merged_id: merged.id,
				merged_file: JSON.stringify(file.row),
				kept_before: JSON.stringify(before),
				kept_after: JSON.stringify(after),
				moved: JSON.stringify(moved),
				merged_by: mergedBy,
			})
			const effects = { keptId: kept.id, mergedId: merged.id }
			await record(trx, effects)
			return effects
		}),
	)
}

/**
 * Makes two files of the last merge again. Visits that were booked since stay with the kept file, and so does each of its fields that
 * was corrected since.
 *
 * @throws Refusal not_found without a merge, too_late after seven days
 */
export async function undoMerge(db: Db, keptId: string, record: (trx: Tx, merged: MergeEffects) => Promise<void>): Promise<MergeEffects> {
	return await refusingOverlap(() =>
		inTransaction(db, async trx => {
			const last: MergeRow | undefined = await trx('patient_merges')
				.where({ kept_id: keptId })
				.orderBy('id', 'desc')
				.first(mergeColumns(trx))
			if (!last) throw new Refusal('not_found')
			if (last.is_late) throw new Refusal('too_late')
			await lockPatients(trx, [keptId, last.merged_id])
			const kept = await lockFile(trx, keptId)
			// Another undo may have been faster.
			if (!kept || (await trx('patient_merges').where({ id: last.id }).delete()) === 0) throw new Refusal('not_found')
			await trx.raw(restoreFile, [JSON.stringify(last.merged_file)])
			for (const [table, moved] of Object.entries(last.moved))
				await trx(table).whereIn('id', moved).where({ patient_id: keptId }).update({ patient_id: last.merged_id })
			const restored = Object.entries(last.kept_before).filter(([column]) => isSame(kept[column as keyof FileRow], last.kept_after[column]))
			if (restored.length > 0)
				await trx('patients')
					.where({ id: keptId })
					.update({ ...Object.fromEntries(restored), updated_at: trx.fn.now() })
			const effects = { keptId, mergedId: last.merged_id }
			await record(trx, effects)
			return effects
		}),
	)
}

type MergeRow = {
	id: string
	merged_id: string
	merged_file: Record<string, unknown>
	kept_before: Record<string, unknown>
	kept_after: Record<string, unknown>
	moved: Record<string, string[]>
	is_late: boolean
}

const mergeColumns = (trx: Tx) => ['*', trx.raw('merged_at < now() - make_interval(days => ?) AS is_late', [undoDays])]

/** In the order of their ids, as bookings lock patients, who write visits of both after or before the merge. */
async function lockPatients(trx: Tx, ids: string[]) {
	const ordered = ids.map(id => Number(BigInt(id) % 2147483647n)).sort((a, b) => a - b)
	for (const id of ordered) await trx.raw('SELECT pg_advisory_xact_lock(7203, ?)', [id])
}

/** What belongs to a patient's file. */
const belongings = ['appointments', 'recalls', 'waitlist_entries', 'slot_offers', 'external_identifiers', 'patient_changes']

async function moveAll(trx: Tx, fromId: string, toId: string): Promise<MergeRow['moved']> {
	const moved: MergeRow['moved'] = {}
	for (const table of belongings) {
		const rows: { id: string }[] = await trx(table).where({ patient_id: fromId }).update({ patient_id: toId }).returning('id')
		moved[table] = rows.map(({ id }) => id)
	}
	return moved
}

/** What the kept file takes over: fields that it lacks, the notes and tags of both, and a ban from booking. */
function complete(kept: FileRow, merged: FileRow): { before: Record<string, unknown>; after: Record<string, unknown> } {
	const after: Partial<FileRow> = {
		phone: kept.phone ?? merged.phone,
		email: kept.email ?? merged.email,
		birth_date: kept.birth_date ?? merged.birth_date,
		notes: [kept.notes, merged.notes].filter(Boolean).join('\n\n') || null,
		tags: [...new Set([...kept.tags, ...merged.tags])],
		may_book_online: kept.may_book_online && merged.may_book_online,
	}
	const changed = (Object.keys(after) as (keyof FileRow)[]).filter(column => !isSame(kept[column], after[column]))
	const pick = (row: Partial<FileRow>) => Object.fromEntries(changed.map(column => [column, row[column]]))
	return { before: pick(kept), after: pick(after) }
}

function isSame(one: unknown, other: unknown): boolean {
	return JSON.stringify(one) === JSON.stringify(other)
}

/** All columns but those that PostgreSQL computes. */
const restoreFile = `
	INSERT INTO patients
		(id, full_name, phone, email, birth_date, created_at, updated_at, notify_email, notify_sms, notify_push, language, time_zone,
		 notes, tags, may_book_online)
	SELECT id, full_name, phone, email, birth_date, created_at, updated_at, notify_email, notify_sms, notify_push, language, time_zone,
		notes, tags, may_book_online
	FROM jsonb_populate_record(NULL::patients, ?::jsonb)`

async function refusingOverlap<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work()
	} catch (error) {
		const constraint = violatedConstraint(error)
		if (constraint === 'slot_offers_one_a_patient')
			throw new Refusal('patient_overlap', { message: 'Both files have an open offer of a free place: end one of them first' })
		if (constraint === 'appointments_patient_overlap')
			throw new Refusal('patient_overlap', { message: 'Both files have a visit at one time: move or cancel one of them first' })
		throw error
	}
}
