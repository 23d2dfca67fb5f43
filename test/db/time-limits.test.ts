import { expect } from 'chai'
import { createDatabase, type Db, isDatabaseUnavailable, migrate } from '../../server/platform/database/database.ts'
import { createPipeline } from '../../server/platform/database/pipeline.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { aProcess, until } from '../platform/a-process.ts'
import { useDatabase } from '../support/servers.ts'

describe('a migration that takes long', function () {
	this.timeout(90_000)
	const database = useDatabase()
	const sleepMs = 20_000

	it('runs to its end, while nodes that start wait for it, and stop when told to', async () => {
		const { db, url } = database
		await slowDown(db)
		const settings = { DATABASE_URL: url, ROLE: 'migrate' }
		const migrating = aProcess(settings)
		await until('the migration has begun', async () => (await db('schema_changes').first('is_called')).is_called)
		const beganMs = performance.now()
		const [patient, impatient] = [aProcess(settings), aProcess(settings)]
		const waits = 'Another node brings the database up to date: waiting for it\n'
		await Promise.all([patient.says(waits), impatient.says(waits)])
		impatient.child.kill('SIGTERM')
		expect(await impatient.exit).to.include({ code: 0, stderr: '' })
		expect(performance.now() - beganMs).to.be.below(sleepMs / 2)

		for (const { exit } of [migrating, patient]) expect(await exit).to.include({ code: 0, stderr: '' })
		expect(performance.now() - beganMs).to.be.above(sleepMs * 0.9)
		expect(await migrate(db)).to.deep.equal([])
	})

	/** Adds a migration that takes long, as on a large table. */
	async function slowDown(db: Db): Promise<void> {
		await db.migrate.down()
		await db.raw(`
			CREATE SEQUENCE schema_changes;
			CREATE FUNCTION take_long() RETURNS event_trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF nextval('schema_changes') = 1 THEN PERFORM pg_sleep(${sleepMs / 1000}); END IF;
			END $$;
			CREATE EVENT TRIGGER take_long ON ddl_command_start EXECUTE FUNCTION take_long()`)
		// Some hosts limit every statement.
		const { pathname } = new URL(database.url)
		await db.raw(`ALTER DATABASE ${pathname.slice(1)} SET statement_timeout = '5s'`)
	}
})

describe('a statement that takes too long', () => {
	const database = useDatabase()
	const log = createLog('silent')
	const sleeping = 'SELECT pg_sleep(60)'
	const session = 'SELECT pg_backend_pid() AS answer'
	const limit = `SELECT current_setting('statement_timeout') AS answer`

	for (const [name, open] of Object.entries({ pool: aPool, pipeline: aPipeline }))
		it(`in the ${name} is ended by PostgreSQL, and its connection stays usable`, async () => {
			const opened = open({ queryTimeoutMs: 2000 })
			const before = await opened.ask(session)
			const error = await opened.ask(sleeping).catch(thrown => thrown)
			expect(error).to.include({ code: '57014' })
			expect(isDatabaseUnavailable(error)).to.equal(true)
			expect(await opened.ask(session)).to.equal(before)
			await opened.stop()
			await until('no session goes on with it', async () => (await sessionsAsleep()) === 0)
		})

	it('is not limited on sessions that a pooler shares', async () => {
		for (const opened of [aPool({ isPooled: true }), aPipeline({ isPooled: true })]) {
			expect(await opened.ask(limit)).to.equal('0')
			await opened.stop()
		}
	})

	type Settings = { queryTimeoutMs?: number; isPooled?: boolean }
	type Opened = { ask(text: string): Promise<unknown>; stop(): Promise<void> }

	function aPool(settings: Settings): Opened {
		const db = createDatabase({ url: database.url, poolSize: 1, ...settings })
		return { ask: async text => (await db.raw(text)).rows[0].answer, stop: () => db.destroy() }
	}

	function aPipeline({ isPooled = false, ...settings }: Settings): Opened {
		const pipeline = createPipeline({ url: database.url, connections: 1, prepare: !isPooled, log, ...settings })
		return { ask: async text => (await pipeline.run({ name: text, text }, []))[0]?.answer, stop: pipeline.stop }
	}

	async function sessionsAsleep(): Promise<number> {
		const { rows } = await database.db.raw(
			`SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query = ?`,
			[sleeping],
		)
		return rows.length
	}
})
