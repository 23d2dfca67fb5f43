import { expect } from 'chai'
import { searchCondition, searchPatients, similarWords } from '../../server/patients/search.ts'
import { isLong } from '../support/forms.ts'
import { useDatabase } from '../support/servers.ts'
import { addManyPatients } from './many-patients.ts'

const patientCount = isLong ? 500_000 : 60_000

const queries = {
	'a name': ['Muller', 'Müller, Anna', 'juergen mueller', 'Bermartro', 'stein hol', 'Ángstrom'],
	'a beginning': ['a', 'an', 'ber', 'kalm', 'schr'],
	'a misspelt name': ['Mulelr', 'Schmitd', 'Schrodre', 'Steinfledson', 'Anan Schmidt', 'Qwertzui'],
	'a phone number': ['030 1000170', '+49 30 10001', '0176', '(030) 1234', '0049 176 1000340'],
	'an e-mail address': ['p777@', 'p4711@post.example', 'post.example'],
	'a birth date': ['1980-03-12', '12.3.1980', '3/12/1980', 'Anna 12.3.1980'],
	nothing: ['', '---', 'qqqqqq', 'zzxx yyww'],
}

describe(`a search among ${patientCount} patients`, function () {
	this.timeout(600_000)
	const database = useDatabase()
	before(() => addManyPatients(database.url, patientCount))

	async function planOf(query: string): Promise<string> {
		const condition = searchCondition(query, 'DE')
		const where = condition ? `WHERE ${condition.sql}` : ''
		const explained = `EXPLAIN SELECT id FROM patients ${where} ORDER BY lower(full_name), id LIMIT 51`
		const { rows } = await database.db.raw(explained, condition?.values ?? [])
		return rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n')
	}

	it('uses the indexes of name, e-mail, phone and birth date', async () => {
		expect(await planOf('qwertz uiop'))
			.to.match(/patients_search_name/)
			.and.match(/patients_email_fragment/)
		expect(await planOf('0301234567')).to.match(/patients_phone_fragment/)
		expect(await planOf('12.3.1980')).to.match(/patients_by_birth_date/)
		for (const query of ['qwertz', 'abcdef12', 'p777@', '+49 30 1000', 'Müller, Anna'])
			expect(await planOf(query), query).not.to.match(/Seq Scan/)
	})

	it('walks the names in order when the query is empty or very short', async () => {
		for (const query of ['', 'a', 'er']) expect(await planOf(query), query).to.match(/Index (Only )?Scan using patients_by_name/)
	})

	it('answers quickly, also for one letter, for a query without matches, and on a late page', async () => {
		const { db } = database
		const last = await db('patients').orderByRaw('lower(full_name) DESC, id DESC').offset(100).first()
		for (const after of [undefined, last]) {
			for (const query of Object.values(queries).flat()) {
				const began = performance.now()
				await searchPatients(db, { query, after, limit: 50, country: 'DE' })
				expect(performance.now() - began, query).to.be.lessThan(1000)
			}
		}
	})

	/** Shows; a busy machine must not fail it. */
	if (isLong)
		it('shows its plans and times', async () => {
			const { db } = database
			for (const [kind, texts] of Object.entries(queries)) {
				const times: number[] = []
				for (let round = 0; round < 20; round++) {
					for (const query of texts) {
						const began = performance.now()
						await searchPatients(db, { query, after: undefined, limit: 50, country: 'DE' })
						times.push(performance.now() - began)
					}
				}
				times.sort((a, b) => a - b)
				const at = (share: number) => `${times[Math.floor((times.length - 1) * share)]?.toFixed(1)} ms`
				console.log(`      ${kind}: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`)
			}
			await db.raw('ANALYZE patient_words')
			for (const off of ['on', 'off'])
				await db.transaction(async trx => {
					await trx.raw(`SET LOCAL enable_seqscan = ${off}`)
					await trx.raw(`SELECT set_config('pg_trgm.word_similarity_threshold', '0.3', true)`)
					const { rows } = await trx.raw(`EXPLAIN ANALYZE ${similarWords}`, ['schmitd', 'schmitd', 300])
					console.log(rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n'))
				})
			for (const query of ['Müller, Anna', 'Bermartro', '030 1000170', '12.3.1980', 'a'])
				console.log(`      ${query}\n${await planOf(query)}`)
		})
})
