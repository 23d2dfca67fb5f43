import type { PatientInput } from '../../contract/index.ts'
import type { Db } from '../platform/database/database.ts'
import { samePhone } from './phones.ts'
import { searchCondition } from './search.ts'
import { columns, type PatientRow } from './store.ts'

const most = 5

/** Files with the same name, however it is spelt, and the same phone number or birth date. */
export async function findDuplicates(db: Db, input: PatientInput, country: string | undefined): Promise<PatientRow[]> {
	const named = searchCondition(input.fullName)
	if (!named) return []
	const rows: (PatientRow & { words: string[]; wanted: string[] })[] = await db('patients')
		.select([...columns, db.raw(`string_to_array(folded_closely(full_name), ' ') AS words`)])
		.select(db.raw(`string_to_array(folded_closely(?), ' ') AS wanted`, [input.fullName]))
		.whereNull('erasure_asked_at')
		.whereRaw(named.sql, named.values)
		.orderBy('id')
		.limit(200)
	return rows
		.filter(({ words, wanted }) => words.sort().join(' ') === wanted.sort().join(' '))
		.filter(
			({ phone, birth_date: birthDate }) =>
				(phone !== null && samePhone(phone, input.phone, country)) || (birthDate !== null && birthDate === input.birthDate),
		)
		.slice(0, most)
		.map(({ words: _, wanted: __, ...row }) => row)
}
