import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import pg from 'pg'
import { freshStores } from '../support/servers.ts'
import { aProcess, type ServerProcess, until } from './a-process.ts'
import { aWire, type Wire } from './a-wire.ts'

type Readiness = { status: number; down: string[] }

describe('a node that loses a dependency', function () {
	this.timeout(60_000)
	let directory = ''
	let stores: Awaited<ReturnType<typeof freshStores>>
	let toPostgres: Wire
	let toRedis: Wire
	let node: ServerProcess
	let url = ''

	before(async () => {
		directory = mkdtempSync(path.join(tmpdir(), 'liveslot-outage-'))
		stores = await freshStores()
		;[toPostgres, toRedis] = await Promise.all([aWire(stores.databaseUrl), aWire(stores.redisUrl)])
		node = aProcess({ DATA_DIR: directory, DATABASE_URL: toPostgres.url, REDIS_URL: toRedis.url, LOG_LEVEL: 'silent' })
		url = await node.url
	})
	after(async () => {
		node.child.kill('SIGTERM')
		await node.exit
		await Promise.all([toPostgres.stop(), toRedis.stop()])
		await stores.drop()
		rmSync(directory, { recursive: true, force: true })
	})

	const readiness = async (): Promise<Readiness> => {
		const response = await fetch(`${url}/readyz`)
		const { down } = (await response.json()) as { down: string[] }
		return { status: response.status, down }
	}
	const readyAgain = () => until('ready again', async () => (await readiness()).status === 200)

	const outage = async (wire: Wire, name: string) => {
		await wire.cut()
		await until(`${name} is missed`, async () => (await readiness()).status === 503)
		expect(await readiness()).to.deep.equal({ status: 503, down: [name] })
		expect((await fetch(`${url}/livez`)).status).to.equal(200)
	}

	it('reports that PostgreSQL is down, refuses without details, and recovers by itself', async () => {
		await outage(toPostgres, 'postgresql')
		const response = await fetch(`${url}/api/v1/doctors`)
		const body = await response.text()
		expect(response.status).to.equal(503)
		expect(response.headers.has('retry-after')).to.equal(true)
		expect(JSON.parse(body).code).to.equal('booking_pending')
		expect(body).not.to.match(/ECONN|127\.0\.0\.1|select/i)
		await toPostgres.mend()
		await readyAgain()
		expect((await fetch(`${url}/api/v1/doctors`)).status).to.equal(200)
	})

	it('reports that Redis is down, and recovers by itself', async () => {
		await outage(toRedis, 'redis')
		await toRedis.mend()
		await readyAgain()
		expect((await fetch(`${url}/api/v1/doctors`)).status).to.equal(200)
	})

	it('survives a database that ends every session', async () => {
		const admin = new pg.Client({ connectionString: stores.databaseUrl })
		await admin.connect()
		await admin.query(
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
		)
		await admin.end()
		await readyAgain()
		expect((await fetch(`${url}/api/v1/doctors`)).status).to.equal(200)
		expect(node.child.exitCode).to.equal(null)
	})
})
