import { createDatabase } from '../../server/platform/database/database.ts'

const first = ['Anna', 'Jürgen', 'François', 'Søren', 'Mohammed', 'Zoë', 'Peter', 'María', 'Łukasz', 'Ingrid', 'Ahmet', 'Sophie', 'Björn']
const last = ['Müller', 'Schmidt', 'Groß', 'Ångström', 'Nuñez', 'O’Brien', 'Schröder', 'Jørgensen', 'García', 'Yılmaz', 'Weiß', 'Köhler']
/** Names are put together of syllables, so that words are as varied as in a city's directory. */
const syllables =
	'ber kal min tro ven hol sch mar lin dor gus pet wal rik nau stein feld son ak ela fro gri hu jan kos lu mo nie opp quin ros sta tus ulr vo win xan yor zel'.split(
		' ',
	)

const chunk = 50_000

/** Fills the table with set-based SQL: one patient in twenty bears a frequent name. */
export async function addManyPatients(url: string, count: number): Promise<void> {
	const db = createDatabase({ url, poolSize: 1 })
	await db.raw('SET statement_timeout = 0')
	for (let from = 1; from <= count; from += chunk)
		await db.raw(insert, { first, last, syllables, from, to: Math.min(count, from + chunk - 1) })
	await db.raw('VACUUM ANALYZE patients')
	await db.destroy()
}

const part = (factor: number) => `(:syllables::text[])[1 + abs(hashint4(i * ${factor})) % ${syllables.length}]`

const insert = `
	INSERT INTO patients (full_name, phone, email, birth_date)
	SELECT CASE WHEN i % 20 = 0
	            THEN (:first::text[])[1 + i / 20 % ${first.length}] || ' ' || (:last::text[])[1 + i / 260 % ${last.length}]
	            ELSE initcap(${[7, 11, 17].map(part).join(' || ')}) || ' ' || initcap(${[3, 5, 13].map(part).join(' || ')}) END,
	       CASE i % 3 WHEN 0 THEN '+49 30 ' WHEN 1 THEN '030 ' ELSE '0049 (0)176/' END || (1000000 + i * 17)::text,
	       'p' || i || '@post.example',
	       date '1930-01-01' + (i::bigint * 7919 % 33000)::int
	FROM generate_series(:from::int, :to::int) i`
