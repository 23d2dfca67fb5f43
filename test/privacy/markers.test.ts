import { expect } from 'chai'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { isLong } from '../support/forms.ts'
import { useNode } from '../support/node.ts'
import { waitFor } from '../support/wait.ts'
import { closeSockets } from '../support/watcher.ts'
import { allTables } from './a-patient.ts'
import { aBusyClinic, type BusyClinic } from './busy-clinic.ts'
import { createMarks } from './marks.ts'

describe('a busy minute', function () {
	this.timeout(isLong ? 300_000 : 120_000)
	const lines: string[] = []
	const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
	const node = useNode(
		{ RATE_LIMIT: 'on', TRUST_PROXY: '1', HOLD_SECONDS: '2', HOLD_SECONDS_STAFF: '2', LOG_LEVEL: 'debug' },
		{ log: log as never },
	)
	const marks = createMarks()
	let clinic: BusyClinic

	before(async () => {
		clinic = await aBusyClinic(node, marks)
		await clinic.bustle(25, isLong ? 60_000 : 0)
		expect((await clinic.erasePatient()).status).to.equal(204)
		// Waits for the last frames and mails.
		await new Promise(resolve => setTimeout(resolve, 500))
	})
	after(closeSockets)

	function expectNone(texts: Iterable<string>, what: string, reader?: string) {
		for (const text of texts) expect(marks.foreignIn(text, reader), `${what}: ${text.slice(0, 600)}`).to.deep.equal([])
	}

	it('shows patients and the public nothing about other people', () => {
		for (const { owner, heard } of clinic.readers) {
			expect(heard.length, `what ${owner} was told`).to.be.greaterThan(10)
			expectNone(heard, owner, owner)
		}
	})

	it('shows staff the marks that the other tests search for, so that these can fail', () => {
		for (const { owner, heard } of clinic.staff) expect(marks.foreignIn(heard.join('\n'), owner).length, owner).to.be.greaterThan(3)
		for (const { owner, heard } of clinic.readers.slice(0, 3)) expect(marks.foreignIn(heard.join('\n')), owner).not.to.deep.equal([])
	})

	it('leaves no personal details in the log, even at its most verbose level', () => {
		expect(lines.filter(line => line.includes('"request"')).length).to.be.greaterThan(50)
		expectNone(lines, 'log')
	})

	it('leaves no personal details in metrics, nor in the links of messages', async () => {
		expectNone([await (await fetch(`${node.url}/metrics`)).text()], 'metrics')
		const letters: { text: string; html: string }[] = (await (await fetch(`${node.url}/dev/outbox.json`)).json()).items
		const links = letters.flatMap(({ text, html }) => `${text} ${html}`.match(/https?:\/\/[^\s"<>]+/g) ?? [])
		expect(links.length).to.be.greaterThan(3)
		expectNone(links, 'link')
	})

	it('leaves no personal details in payloads of jobs, the audit log, outcomes, messages or tokens', async () => {
		const theirPlace = ['users', 'patients', 'patient_changes', 'patient_words', 'appointments', 'time_off']
		const tables = await allTables(node)
		expect([...tables.keys()]).to.include.members([...theirPlace, 'audit_log', 'agenda_jobs', 'booking_requests', 'notification_queue'])
		expect(tables.get('audit_log')!.length).to.be.greaterThan(1000)
		for (const [table, text] of tables) if (!theirPlace.includes(table)) expectNone([text], table)
		expect(marks.foreignIn(theirPlace.map(table => tables.get(table)).join()).length).to.be.greaterThan(10)
	})

	it('leaves no personal details in Redis once holds have expired and mailboxes are empty', async () => {
		const redis = new Redis(node.redisUrl)
		try {
			let kept: string[] = []
			const isClean = async () => {
				kept = await everythingIn(redis)
				return kept.every(text => marks.foreignIn(text).length === 0)
			}
			// The assertion below shows what is left after that time.
			await waitFor(isClean, 'holds to expire', 6000).catch(() => {})
			expect(kept.length).to.be.greaterThan(3)
			expectNone(kept, 'Redis')
		} finally {
			redis.disconnect()
		}
	})
})

/** All keys and values of a Redis, of every type. */
async function everythingIn(redis: Redis): Promise<string[]> {
	const read: Record<string, (key: string) => Promise<unknown>> = {
		string: key => redis.get(key),
		hash: key => redis.hgetall(key),
		list: key => redis.lrange(key, 0, -1),
		set: key => redis.smembers(key),
		zset: key => redis.zrange(key, '0', '-1'),
		stream: key => redis.xrange(key, '-', '+'),
		none: async () => null,
	}
	const keys = await redis.keys('*')
	return await Promise.all(keys.map(async key => `${key} ${JSON.stringify(await read[await redis.type(key)]!(key))}`))
}
