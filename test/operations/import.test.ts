import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { isLong } from '../support/forms.ts'
import { useDatabase } from '../support/servers.ts'
import { aCommand } from './a-command.ts'
import { writeManyPatients } from './many-patients.ts'

const example = (name: string) => fileURLToPath(new URL(`../../docs/import/${name}.csv`, import.meta.url))

describe('import', () => {
	const database = useDatabase()
	let directory = ''
	before(() => {
		directory = mkdtempSync(path.join(tmpdir(), 'liveslot-import-'))
	})
	after(() => rmSync(directory, { recursive: true, force: true }))
	beforeEach(() =>
		database.db.raw(`
			ALTER TABLE audit_log DISABLE TRIGGER USER;
			TRUNCATE users, patients, audit_log, doctors, doctor_schedules, schedule_plans, appointment_slots RESTART IDENTITY CASCADE;
			ALTER TABLE audit_log ENABLE TRIGGER USER`),
	)

	const run = (what: string, file: string, ...options: string[]) =>
		aCommand([`import:${what}`, file, '--report', path.join(directory, 'report.csv'), ...options], { DATABASE_URL: database.url })
	const fileOf = (...lines: (string | Buffer)[]) => {
		const file = path.join(directory, 'file.csv')
		writeFileSync(file, Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from('\n')])))
		return file
	}
	const report = () => readFileSync(path.join(directory, 'report.csv'), 'utf8').trimEnd().split('\n')
	const count = async (table: string) => Number((await database.db(table).count('* as n').first())?.n)

	describe('of patients', () => {
		it('imports the documented example, each patient with an audit entry, and adds no patient twice', async () => {
			const first = await run('patients', example('patients'))
			expect(first).to.include({ code: 0, output: '4 patients added, 0 were there already, 0 lines were bad\n' })
			expect(
				await database.db('patients').orderBy('id').select('full_name', 'phone', 'email', 'birth_date', 'language', 'time_zone'),
			).to.deep.equal([
				{
					full_name: 'Ada Lovelace',
					phone: '+44 20 7946 0001',
					email: 'ada@example.com',
					birth_date: '1985-12-10',
					language: 'en',
					time_zone: 'Europe/London',
				},
				{ full_name: 'Weber, Jörg', phone: '030 5550102', email: null, birth_date: '1971-03-02', language: 'de', time_zone: null },
				{
					full_name: 'Sofía Núñez',
					phone: '+34 91 555 0103',
					email: 'sofia@example.com',
					birth_date: null,
					language: 'es',
					time_zone: 'Europe/Madrid',
				},
				{ full_name: 'أحمد حداد', phone: null, email: 'ahmad@example.com', birth_date: '1990-07-21', language: 'ar', time_zone: null },
			])
			expect(
				await database.db('audit_log').where({ action: 'imported', entity: 'patient' }).orderBy('id').pluck('entity_id'),
			).to.deep.equal((await database.db('patients').orderBy('id').pluck('id')).map(String))
			const second = await run('patients', example('patients'))
			expect(second.output).to.equal('0 patients added, 4 were there already, 0 lines were bad\n')
			expect(await count('patients')).to.equal(4)
			expect(existsSync(path.join(directory, 'report.csv'))).to.equal(false)
		})

		const mixed = () =>
			fileOf(
				'full_name,phone,email,birth_date,time_zone',
				'Good One,030 1,,1980-01-01,',
				'Good Two,030 1234,,,',
				',030 5678,,,',
				'Nobody Knows,,,,',
				'Bad Mail,,not an address,,',
				'Bad Date,,,1980-02-30,',
				'Too,many,fields,,,,,',
				'"Not "closed,030 1234,,,',
				'Somewhere,030 1234,,,Mars/Olympus',
				'Nowhere,030 1234,,,Etc/Unknown',
				Buffer.from('M\xfcller,030 1234,,,', 'latin1'),
				'GOOD TWO,0301234,,,',
				'Good Three,,three@example.com,,UTC',
			)
		const reasons = [
			['3', /^full_name: is missing$/],
			['4', /^must have a phone/],
			['5', /^email: /],
			['6', /^birth_date: /],
			['7', /^has more or fewer fields/],
			['8', /^a quotation mark/],
			['9', /^time_zone: must be/],
			['10', /^time_zone: /],
			['11', /^full_name: is not UTF-8$/],
		] as const

		it('imports the good lines, and reports each bad one with its number and reason', async () => {
			const { code, output, errors } = await run('patients', mixed())
			const lines = report().slice(1)
			expect(report()[0]).to.equal('line,reason')
			const numbers = lines.map(line => line.slice(0, line.indexOf(',')))
			for (const [at, reason] of reasons) {
				const line = lines[numbers.indexOf(String(Number(at) + 1))] ?? ''
				expect(line.slice(line.indexOf(',') + 2, -1), `line ${at}`).to.match(reason)
			}
			expect(numbers).to.have.members(reasons.map(([at]) => String(Number(at) + 1)))
			expect({ code, output }).to.deep.equal({ code: 0, output: '3 patients added, 1 were there already, 9 lines were bad\n' })
			expect(errors).to.include('9 bad lines, listed in').and.include('  1 × full_name: is missing')
			expect(await database.db('patients').orderBy('id').pluck('full_name')).to.deep.equal(['Good One', 'Good Two', 'Good Three'])
		})

		it('imports nothing with --strict when a line is bad, and reports the line', async () => {
			const { code, output, errors } = await run('patients', mixed(), '--strict')
			expect({ code, output }).to.deep.equal({ code: 1, output: '' })
			expect(errors).to.match(/Nothing was imported\n$/)
			expect(report()).to.have.lengthOf(10)
			expect(await count('patients')).to.equal(0)
		})

		it('imports nothing when the database fails in the middle', async () => {
			await database.db.raw(`
				CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
				CREATE TRIGGER fails BEFORE INSERT ON patients FOR EACH ROW WHEN (NEW.full_name = 'Good Three') EXECUTE FUNCTION fail()`)
			try {
				const { code, errors } = await run('patients', mixed())
				expect(code).to.equal(1)
				expect(errors).to.include('the disk is full')
				expect([await count('patients'), await count('audit_log')]).to.deep.equal([0, 0])
			} finally {
				await database.db.raw('DROP FUNCTION fail CASCADE')
			}
		})

		it('refuses a file without known columns in the first line, and a missing file', async () => {
			const complaint = async (...lines: string[]) => (await run('patients', fileOf(...lines))).errors
			expect(await complaint('name,phone', 'Ada,1')).to.match(/full_name is missing\n$/)
			expect(await complaint('full_name,fone', 'Ada,1')).to.match(/^There is no column fone; there are full_name, /)
			expect(await complaint('full_name,phone,phone', 'Ada,1,2')).to.equal('A column is named twice\n')
			expect((await run('patients', path.join(directory, 'none.csv'))).errors).to.match(/^ENOENT/)
			const onto = await run('patients', fileOf('full_name'), '--report', path.join(directory, 'file.csv'))
			expect(onto.errors).to.equal('--report must be another file\n')
		})

		it('reads files of spreadsheets: semicolons, a byte order mark, lines that end in two characters', async () => {
			const file = fileOf('\ufeffFull_Name;Phone\r', 'Ada;"030; 1234"\r', 'Bea;030 5678\r')
			const { output } = await run('patients', file, '--delimiter', ';')
			expect(output).to.match(/^1 patients added, 0 .* 1 lines were bad/)
			expect(await database.db('patients').pluck('phone')).to.deep.equal(['030 5678'])
		})

		const [rows, limitMs] = isLong ? [100_000, 60_000] : [1500, undefined]
		it(`imports ${rows} lines of which one in a hundred is bad`, async function () {
			this.timeout(300_000)
			const file = path.join(directory, 'many.csv')
			const bad = await writeManyPatients(file, rows)
			expect(bad).to.have.lengthOf(rows / 100)
			const began = performance.now()
			const args = ['import:patients', file, '--report', path.join(directory, 'report.csv')]
			const { output, errors } = await aCommand(args, { DATABASE_URL: database.url }, { watched: true })
			const tookMs = performance.now() - began
			expect(output).to.equal(`${rows - bad.length} patients added, 0 were there already, ${bad.length} lines were bad\n`)
			expect(
				report()
					.slice(1)
					.map(line => Number(line.split(',')[0])),
			).to.deep.equal(bad)
			expect(await count('patients')).to.equal(rows - bad.length)
			if (limitMs === undefined) return
			expect(tookMs).to.be.below(limitMs)
			expect(errors).to.match(/of \d+\.\d MB read/)
			console.log(`      ${rows} lines in ${(tookMs / 1000).toFixed(1)} s`)
		})
	})

	describe('of doctors', () => {
		it('imports the documented example, creates calendars that can be booked, and adds no doctor twice', async () => {
			const first = await run('doctors', example('doctors'))
			expect(first).to.include({ code: 0, output: '3 doctors added, 0 were there already, 0 lines were bad\n' })
			const { db } = database
			const rows = await db('users')
				.join('doctors', 'doctors.id', 'users.id')
				.leftJoin('schedule_plans', 'doctor_id', 'doctors.id')
				.orderBy('email')
				.select('users.*', 'specialty', 'doctors.time_zone', 'slot_minutes', 'weekly')
			expect(rows.map(row => [row.email, row.role, row.status, row.specialty, row.time_zone, row.slot_minutes])).to.deep.equal([
				['lindner@clinic.example', 'doctor', 'active', 'General practice', 'Europe/Berlin', 30],
				['okafor@clinic.example', 'doctor', 'active', 'Cardiology', 'America/New_York', 20],
				['raman@clinic.example', 'doctor', 'active', 'General practice', 'Asia/Kolkata', null],
			])
			expect(rows[1].weekly).to.deep.equal([
				{ weekday: 1, start: '09:00', end: '12:00' },
				{ weekday: 3, start: '09:00', end: '12:00' },
				{ weekday: 3, start: '13:30', end: '16:30' },
				{ weekday: 4, start: '09:00', end: '12:00' },
				{ weekday: 4, start: '13:30', end: '16:30' },
			])
			const slots = await count('appointment_slots')
			expect(slots).to.be.above(500)
			expect((await run('doctors', example('doctors'))).output).to.equal('0 doctors added, 3 were there already, 0 lines were bad\n')
			expect([await count('users'), await count('appointment_slots')]).to.deep.equal([3, slots])
		})

		it('reports lines with impossible hours, and addresses of other accounts', async () => {
			await database.db('users').insert({ email: 'desk@clinic.example', full_name: 'Desk', role: 'receptionist', status: 'active' })
			const file = fileOf(
				'email,full_name,slot_minutes,hours',
				'a@clinic.example,A,30,mon-fri 08:00-12:00',
				'b@clinic.example,B,30,daily 08:00-12:00',
				'c@clinic.example,C,30,mon 08:00-12:00 11:00-13:00',
				'd@clinic.example,D,30,mon 12:00-08:00',
				'e@clinic.example,E,3,mon 08:00-12:00',
				'f@clinic.example,F,half an hour,mon 08:00-12:00',
				'desk@clinic.example,G,,',
				'A@clinic.example,H,,',
			)
			const { output } = await run('doctors', file)
			expect(output).to.equal('1 doctors added, 0 were there already, 7 lines were bad\n')
			expect(report().slice(1)).to.have.deep.members([
				'3,"hours: must be such as mon-fri 08:00-12:00 13:00-17:00; sat 09:00-12:00"',
				'4,"hours: hours of one weekday must not overlap"',
				'5,"hours: start must be before end"',
				'6,"slot_minutes: Too small: expected number to be >=5"',
				'7,"slot_minutes: Invalid input: expected number, received NaN"',
				'8,"email: is that of an account that is not a doctor\'s"',
				'9,"email: is the same as in line 2"',
			])
		})
	})
})
