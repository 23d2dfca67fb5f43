import { expect } from 'chai'
import pg from 'pg'
import { call } from '../support/http.ts'
import { startProcessNode } from '../support/processes.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

const password = 'only-in-tests'
const roles = ['liveslot_test_server', 'liveslot_test_owner', 'liveslot_app']

const asRole = (url: string, role: string): string => {
	const address = new URL(url)
	address.username = role
	address.password = password
	return address.href
}

/** The outcome of a statement: `done`, or PostgreSQL's code. */
const outcomeOf = (client: pg.Client, text: string): Promise<string> =>
	client.query(text).then(
		() => 'done',
		error => error.code,
	)

const denied = '42501'

describe('the audit log, under the roles of db/roles.sql', function () {
	this.timeout(60_000)
	let stores: Awaited<ReturnType<typeof freshStores>>
	let superuser: pg.Client
	let server: pg.Client
	let owner: pg.Client

	const connect = async (url: string) => {
		const client = new pg.Client({ connectionString: url })
		await client.connect()
		return client
	}

	before(async () => {
		// Not the template of the other tests, which another role owns: here the owner creates every table.
		stores = await freshStores('template0')
		superuser = await connect(stores.databaseUrl)
		await superuser.query(`
			CREATE ROLE liveslot_app NOLOGIN;
			CREATE ROLE liveslot_test_owner LOGIN PASSWORD '${password}';
			CREATE ROLE liveslot_test_server LOGIN PASSWORD '${password}' IN ROLE liveslot_app`)
		await superuser.query(`ALTER DATABASE "${new URL(stores.databaseUrl).pathname.slice(1)}" OWNER TO liveslot_test_owner`)
		const owners = asRole(stores.databaseUrl, 'liveslot_test_owner')
		const servers = asRole(stores.databaseUrl, 'liveslot_test_server')
		const settings = { MIGRATION_DATABASE_URL: owners, LOG_LEVEL: 'error' }
		const first = await startProcessNode({ ...stores, databaseUrl: servers }, settings)
		await first.stop()
		owner = await connect(owners)
		server = await connect(servers)
	})
	after(async () => {
		await Promise.all([server, owner].map(client => client?.end()))
		await superuser?.end()
		await stores?.drop()
		const last = await connect(process.env.TEST_POSTGRES_URL as string)
		for (const role of roles) await last.query(`DROP ROLE IF EXISTS ${role}`)
		await last.end()
	})

	it('is written by a server without the right to change it or the owner’s password', async () => {
		const node = await startProcessNode({ ...stores, databaseUrl: asRole(stores.databaseUrl, 'liveslot_test_server') })
		try {
			const body = { email: 'ada@example.com', password: 'long enough for this', fullName: 'Ada Lovelace' }
			const { status, body: session } = await call(node, 'POST', '/auth/register', { body })
			expect(status).to.equal(201)
			expect((await call(node, 'GET', '/appointments', { token: session.accessToken })).body).to.deep.equal({ items: [], nextCursor: null })
			// Jobs also work on tables that the owner created.
			await waitFor(async () => (await server.query('SELECT FROM agenda_jobs')).rowCount === 5, 'the jobs to be there')
		} finally {
			expect(await node.stop()).to.equal(0)
		}
		const { rows } = await server.query(`SELECT action FROM audit_log WHERE entity = 'user'`)
		expect(rows).to.deep.equal([{ action: 'registered' }])
	})

	it('accepts only new entries from that role', async () => {
		expect(await outcomeOf(server, `INSERT INTO audit_log (action, entity) VALUES ('x', 'y')`)).to.equal('done')
		expect(await outcomeOf(server, `UPDATE audit_log SET action = 'nothing'`)).to.equal(denied)
		expect(await outcomeOf(server, 'DELETE FROM audit_log')).to.equal(denied)
		expect(await outcomeOf(server, 'TRUNCATE audit_log')).to.equal(denied)
		expect(await outcomeOf(server, `SET liveslot.retention = 'on'; DELETE FROM audit_log`)).to.equal(denied)
		expect(await outcomeOf(server, 'ALTER TABLE audit_log DISABLE TRIGGER ALL')).to.equal(denied)
		expect(await outcomeOf(server, 'DROP TABLE audit_log')).to.equal(denied)
		expect(await outcomeOf(server, 'CREATE TABLE mine (id int)')).to.equal(denied)
		expect(await outcomeOf(server, 'DELETE FROM migrations')).to.equal(denied)
	})

	it('is protected from mistakes of its owner and of a superuser too', async () => {
		for (const client of [owner, superuser]) {
			expect(await outcomeOf(client, `UPDATE audit_log SET action = 'nothing'`)).to.equal(denied)
			expect(await outcomeOf(client, 'DELETE FROM audit_log')).to.equal(denied)
			expect(await outcomeOf(client, 'TRUNCATE audit_log')).to.equal(denied)
		}
	})

	it('deletes old entries, at the earliest after thirty days, whatever the server asks', async () => {
		await superuser.query(`INSERT INTO audit_log (at, action, entity)
			SELECT now() - make_interval(days => days), 'aged', days::text FROM unnest(ARRAY[10, 29, 31, 400]) AS days`)
		const forget = async (days: number) =>
			(await server.query('SELECT forget_audit(now() - make_interval(days => $1), 100) AS gone', [days])).rows[0].gone
		expect(await forget(365)).to.equal(1)
		expect(await forget(0)).to.equal(1)
		const { rows } = await server.query(`SELECT entity FROM audit_log WHERE action = 'aged' ORDER BY id`)
		expect(rows.map(({ entity }) => entity)).to.deep.equal(['10', '29'])
		expect(await outcomeOf(server, 'DELETE FROM audit_log'), 'the door is shut again').to.equal(denied)
	})
})
