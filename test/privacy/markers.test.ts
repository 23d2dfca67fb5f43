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
		// The last frames and letters.
		await new Promise(resolve => setTimeout(resolve, 500))
	})
	after(closeSockets)

	function expectNone(texts: Iterable<string>, what: string, reader?: string) {
		for (const text of texts) expect(marks.foreignIn(text, reader), `${what}: ${text.slice(0, 600)}`).to.deep.equal([])
	}

	it('tells patients and the public nothing of anybody else', () => {
		for (const { owner, heard } of clinic.readers) {
			expect(heard.length, `what ${owner} was told`).to.be.greaterThan(10)
			expectNone(heard, owner, owner)
		}
	})

	it('tells staff, so that what is searched for is there to be found', () => {
		for (const { owner, heard } of clinic.staff) expect(marks.foreignIn(heard.join('\n'), owner).length, owner).to.be.greaterThan(3)
		for (const { owner, heard } of clinic.readers.slice(0, 3)) expect(marks.foreignIn(heard.join('\n')), owner).not.to.deep.equal([])
	})

	it('leaves nothing of anybody in the log, however talkative', () => {
		expect(lines.filter(line => line.includes('"request"')).length).to.be.greaterThan(50)
		expectNone(lines, 'log')
	})

	it('leaves nothing of anybody in the metrics, nor in addresses that people are sent to', async () => {
		expectNone([await (await fetch(`${node.url}/metrics`)).text()], 'metrics')
		const letters: { text: string; html: string }[] = (await (await fetch(`${node.url}/dev/outbox.json`)).json()).items
		const links = letters.flatMap(({ text, html }) => `${text} ${html}`.match(/https?:\/\/[^\s"<>]+/g) ?? [])
		expect(links.length).to.be.greaterThan(3)
		expectNone(links, 'link')
	})

	it('leaves nothing of anybody in the payloads of jobs, the audit log, outcomes, messages or tokens', async () => {
		const theirPlace = ['users', 'patients', 'appointments', 'time_off']
		const tables = await allTables(node)
		expect([...tables.keys()]).to.include.members([...theirPlace, 'audit_log', 'agenda_jobs', 'booking_requests', 'notification_queue'])
		expect(tables.get('audit_log')!.length).to.be.greaterThan(1000)
		for (const [table, text] of tables) if (!theirPlace.includes(table)) expectNone([text], table)
		expect(marks.foreignIn(theirPlace.map(table => tables.get(table)).join()).length).to.be.greaterThan(10)
	})

	it('leaves nothing of anybody in Redis once holds have run out and queues are empty', async () => {
		const redis = new Redis(node.redisUrl)
		try {
			let kept: string[] = []
			const isClean = async () => {
				kept = await everythingIn(redis)
				return kept.every(text => marks.foreignIn(text).length === 0)
			}
			// What is not gone by then is shown below.
			await waitFor(isClean, 'holds to run out', 6000).catch(() => {})
			expect(kept.length).to.be.greaterThan(3)
			expectNone(kept, 'Redis')
		} finally {
			redis.disconnect()
		}
	})
})

/** All that a Redis keeps, keys and values, whatever kind they are of. */
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
