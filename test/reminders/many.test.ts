import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createDatabase, type Db } from '../../server/platform/database/database.ts'
import { isLong } from '../support/forms.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { type MailServer, startMailServer } from './a-mail-server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const many = isLong ? 10_000 : 2000

type Report = { done: number; seconds: number; memory: number[]; rss: number }

/** Inserts patients with an address, a visit, and a due reminder of the visit. */
const fillLedger = async (db: Db): Promise<void> => {
	await db.raw(`
		WITH doctor AS (
			INSERT INTO users (email, full_name, role, status) VALUES ('dr@example.com', 'Dr. Ada', 'doctor', 'active') RETURNING id
		), calendar AS (
			INSERT INTO doctors (id, specialty, time_zone) SELECT id, 'General practice', 'Europe/Berlin' FROM doctor RETURNING id
		), people AS (
			INSERT INTO patients (full_name, email) SELECT 'Patient ' || n, 'p' || n || '@example.com' FROM generate_series(1, ${many}) AS n
			RETURNING id
		), numbered AS (
			SELECT id, row_number() OVER (ORDER BY id) AS n FROM people
		), visits AS (
			INSERT INTO appointments (doctor_id, patient_id, type_id, starts_at, ends_at, slot_starts, booked_by, idempotency_key)
			SELECT calendar.id, numbered.id, 1, date_trunc('hour', now()) + (n + 2) * interval '1 hour', date_trunc('hour', now()) + (n + 3) * interval '1 hour',
			       '{}', calendar.id, 'visit ' || n FROM numbered, calendar RETURNING id
		)
		INSERT INTO notification_queue (appointment_id, appointment_sequence, channel, lead_minutes, due_at)
		SELECT id, 0, 'email', 1440, now() - interval '1 minute' FROM visits`)
	await db.raw('ANALYZE')
}

describe('thousands of reminders that are due', () => {
	let db: Db
	let url = ''
	let drop = async () => {}
	let server: MailServer
	const children = new Set<ChildProcess>()

	beforeEach(async function () {
		this.timeout(60_000)
		const stores = await freshStores()
		url = stores.databaseUrl
		drop = stores.drop
		db = createDatabase({ url, poolSize: 2 })
		server = await startMailServer({ parse: false })
		await fillLedger(db)
	})
	afterEach(async () => {
		for (const child of children) child.kill('SIGKILL')
		children.clear()
		await server.stop()
		await db.destroy()
		await drop()
	})

	const aDispatcher = (leaseMs = 90_000) => {
		const args = ['--expose-gc', '--import', 'tsx', 'test/reminders/a-dispatcher.ts', url, server.url, String(leaseMs)]
		const child = spawn(process.execPath, args, { cwd: root, env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] })
		children.add(child)
		let output = ''
		child.stdout.setEncoding('utf8').on('data', text => {
			output += text
		})
		const exit = new Promise<void>(resolve => child.once('exit', () => resolve()))
		const report = exit.then((): Report | undefined => {
			const line = output.split('\n').find(each => each.startsWith('{'))
			return line ? JSON.parse(line) : undefined
		})
		return { child, report }
	}

	const countOf = async (status: string): Promise<number> => Number((await db('notification_queue').where({ status }).count())[0]?.count)

	it('are each sent exactly once by four processes', async function () {
		this.timeout(180_000)
		const reports = await Promise.all(Array.from({ length: 4 }, () => aDispatcher().report))
		console.log(`      by process: ${reports.map(report => report?.done).join(', ')}`)
		expect(await countOf('sent')).to.equal(many)
		expect(server.recipients).to.have.length(many)
		expect(new Set(server.recipients).size).to.equal(many)
		expect(new Set(server.ids).size).to.equal(many)
		expect(Number((await db('notification_queue').max('attempts as attempts'))[0]?.attempts)).to.equal(1)
	})

	it('are all sent although a process is killed, twice only those that were under way', async function () {
		this.timeout(180_000)
		const killed = aDispatcher(1000 + 20_000)
		await waitFor(() => server.recipients.length > many / 3, 'a third to be sent', 60_000)
		killed.child.kill('SIGKILL')
		await killed.report
		// Letters on the wire may still arrive.
		let before = -1
		await waitFor(async () => {
			const same = server.recipients.length === before
			before = server.recipients.length
			await new Promise(resolve => setTimeout(resolve, 50))
			return same
		}, 'quiet')
		const marked = await countOf('sent')
		const unmarked = server.recipients.length - marked
		const leased = Number((await db('notification_queue').where({ status: 'due' }).whereNotNull('leased_until').count())[0]?.count)
		// Instead of waiting for the leases to run out.
		await db('notification_queue')
			.where({ status: 'due' })
			.whereNotNull('leased_until')
			.update({ leased_until: db.raw("now() - interval '1 ms'") })
		await aDispatcher().report
		expect(await countOf('sent')).to.equal(many)
		const twice = server.recipients.length - new Set(server.recipients).size
		console.log(`      killed with ${marked} marked and ${leased} leased, of which ${unmarked} were sent already; sent twice: ${twice}`)
		expect(new Set(server.recipients).size).to.equal(many)
		expect(twice).to.equal(unmarked)
		// Five connections: five letters under way.
		expect(twice).to.be.at.most(5)
		// A repetition is recognised by its message id.
		expect(new Set(server.ids).size).to.equal(many)
	})

	it('are sent at hundreds a second, in constant memory', async function () {
		this.timeout(180_000)
		const report = (await aDispatcher().report) as Report
		const rate = report.done / report.seconds
		const mb = (bytes: number) => Math.round(bytes / 1e6)
		const [first = 0, last = 0] = [report.memory[1], report.memory.at(-1)]
		console.log(
			`      ${Math.round(rate)} letters a second; heap ${mb(first)} MB after 1,000, ${mb(last)} MB after ${many}; ${mb(report.rss)} MB in all`,
		)
		expect(report.done).to.equal(many)
		expect(rate).to.be.above(50)
		expect(last - first).to.be.below(30e6)
	})
})
