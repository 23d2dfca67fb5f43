import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import pg from 'pg'
import { keepPlans } from '../../server/platform/database/pipeline.ts'
import { useDatabase } from '../support/servers.ts'

const doctors = 2000
const slotsEach = 60
const visits = 1000
/** The minute of the first slot. A slot begins every quarter of an hour. */
const firstMinute = Math.ceil(Date.now() / 86_400_000 + 2) * 1440
const instant = (slot: string) => `to_timestamp((${firstMinute} + 15 * (${slot})) * 60.0)`

/** A busy day, on which all visits of the clinic lie within eight hours of each other. */
const fill = `
	INSERT INTO users (id, email, full_name, role, status)
	SELECT n, 'doctor' || n || '@example.com', 'Doctor ' || n, 'doctor', 'active' FROM generate_series(1, ${doctors}) AS n;
	INSERT INTO doctors (id, specialty, time_zone) SELECT id, 'General practice', 'UTC' FROM users;
	INSERT INTO patients (id, full_name) SELECT n, 'Patient ' || n FROM generate_series(1, ${visits}) AS n;
	SET session_replication_role = replica;
	INSERT INTO appointments (id, doctor_id, patient_id, type_id, starts_at, ends_at, slot_starts, booked_by, idempotency_key)
	SELECT n, n, n, (SELECT min(id) FROM appointment_types), ${instant('n % 30')}, ${instant('n % 30 + 1')}, ARRAY[${instant('n % 30')}], n, 'key ' || n
	FROM generate_series(1, ${visits}) AS n;
	INSERT INTO appointment_slots (doctor_id, starts_at, ends_at, appointment_id)
	SELECT d, ${instant('s')}, ${instant('s + 1')}, CASE WHEN d <= ${visits} AND s = d % 30 THEN d END
	FROM generate_series(1, ${doctors}) AS d, generate_series(0, ${slotsEach - 1}) AS s;
	INSERT INTO booking_requests (requested_by, idempotency_key, fingerprint, request_id, appointment_id)
	SELECT n, 'key ' || n, 'print', gen_random_uuid(), n FROM generate_series(1, ${visits}) AS n;
	SET session_replication_role = origin`

type Plan = { Plans?: Plan[]; 'Node Type': string; 'Relation Name'?: string; 'Actual Loops': number } & Record<string, unknown>

/** Returns the most rows that any step of a plan looked at. */
const mostRows = (plan: Plan): number => {
	const looked = ['Actual Rows', 'Rows Removed by Filter', 'Rows Removed by Join Filter', 'Rows Removed by Index Recheck']
	const rows = looked.reduce((sum, name) => sum + Number(plan[name] ?? 0), 0) * plan['Actual Loops']
	return Math.max(rows, ...(plan.Plans ?? []).map(mostRows))
}

describe('the reads for a hold, a booking and a week', function () {
	this.timeout(60_000)
	let client: pg.Client
	// Ends before the database is dropped.
	after(() => client.end())
	const database = useDatabase()
	before(async () => {
		client = new pg.Client({ connectionString: database.url })
		await client.connect()
		await client.query(fill)
		await client.query('VACUUM (ANALYZE)')
		// Plans like the hot paths' connections, without knowing the keys.
		await client.query(keepPlans)
	})

	const [doctor, visit, minute] = [7, 7, firstMinute + 15 * 7]
	const day = new Date(firstMinute * 60_000).toISOString().slice(0, 10)
	const statements: [file: string, values: (string | number)[], atMost: number][] = [
		['slots/slots_in_spans', [`{${doctor}}`, `{${minute}}`, `{${minute + 1}}`], 10],
		['slots/slots_in_dates', [doctor, day, day], slotsEach],
		['slots/free_slots_around', [`{${doctor}}`, `{${minute}}`, 6, 6], 20],
		['booking/read_appointments', [`{${visit}}`], 10],
		['booking/read_outcomes', [`{${visit}}`, `{key ${visit}}`], 10],
		// With the visits to come that a limit counts.
		['booking/read_patients', [`{${visit}}`, `{${visit}}`, minute, minute + 15, 'true'], 10],
		[
			'tuning/refuse_taken',
			[doctor, `{${minute}}`, `{${minute}}`, `{${visit}}`, '{a new key}', '{print}', '{00000000-0000-4000-8000-000000000000}'],
			10,
		],
	]
	for (const [file, values, atMost] of statements) {
		it(`look only at the rows that they need, however many there are: ${file}.sql`, async () => {
			const text = readFileSync(new URL(`../../server/${file}.sql`, import.meta.url), 'utf8')
			await client.query(`PREPARE asked AS ${text}`)
			const list = values.map(value => client.escapeLiteral(String(value))).join(', ')
			const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked(${list})`)
			await client.query('DEALLOCATE asked')
			const { Plan: plan } = rows[0]['QUERY PLAN'][0] as { Plan: Plan }
			expect(plan['Actual Rows'], 'rows found').to.be.above(0)
			expect(mostRows(plan), JSON.stringify(plan)).to.be.at.most(atMost)
		})
	}
})
