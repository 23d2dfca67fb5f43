import { expect } from 'chai'
import { searchCondition, searchPatients } from '../../server/patients/store.ts'
import { useDatabase } from '../support/servers.ts'

const patientCount = 100_000

describe('a search among a hundred thousand patients', function () {
	this.timeout(60_000)
	const database = useDatabase()
	before(async () => {
		await database.db.raw(
			`INSERT INTO patients (full_name, phone, email)
			 SELECT initcap(substr(md5(i::text), 1, 6)) || ' ' || initcap(substr(md5((i % 5000)::text), 7, 8)),
			        '+49 30 ' || (1000000 + i * 89)::text, 'p' || i || '@post.example'
			 FROM generate_series(1, ?) i`,
			[patientCount],
		)
		await database.db.raw('VACUUM ANALYZE patients')
	})

	async function planOf(query: string): Promise<string> {
		const condition = searchCondition(query)
		const where = condition ? `WHERE ${condition.sql}` : ''
		const { rows } = await database.db.raw(
			`EXPLAIN SELECT id FROM patients ${where} ORDER BY lower(full_name), id LIMIT 51`,
			condition?.values ?? [],
		)
		return rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n')
	}

	it('uses the trigram indexes of name, e-mail and phone', async () => {
		expect(await planOf('qwertz uiop'))
			.to.match(/patients_name_fragment/)
			.and.match(/patients_email_fragment/)
		expect(await planOf('0301234567')).to.match(/patients_phone_fragment/)
		for (const query of ['qwertz', 'abcdef12', 'p777@', '+49 30 1000']) expect(await planOf(query), query).not.to.match(/Seq Scan/)
	})

	it('walks the names in order when the query is empty or very short', async () => {
		for (const query of ['', 'a', 'ab']) expect(await planOf(query), query).to.match(/Index (Only )?Scan using patients_by_name/)
	})

	it('answers quickly, also for one letter, for a query without matches, and on a late page', async () => {
		const { db } = database
		const last = await db('patients').orderByRaw('lower(full_name) DESC, id DESC').offset(100).first()
		for (const after of [undefined, last]) {
			for (const query of ['', 'a', 'zz', 'x y z', 'abc', '100', 'post.example', '+49 30 1000', 'qqqqqq', '---']) {
				const began = performance.now()
				await searchPatients(db, { query, after, limit: 50 })
				expect(performance.now() - began, query).to.be.lessThan(1000)
			}
		}
	})
})
