import { expect } from 'chai'
import type { AppointmentType, Doctor, Page, Site } from '../../contract/index.ts'
import { listDoctors } from '../../server/clinic/doctor-profiles.ts'
import type { Db } from '../../server/platform/database/database.ts'
import { call } from '../support/http.ts'
import { aLargeClinic, doctorsAtSite, largeDoctors, largeSites } from '../support/large-clinic.ts'
import { useNode } from '../support/node.ts'
import { useDatabase } from '../support/servers.ts'

describe('a clinic with a thousand doctors at fifty sites', function () {
	this.timeout(60_000)
	const node = useNode({ RATE_LIMIT: 'off' })
	before(() => aLargeClinic(node.db))

	async function everyPage<T>(path: string): Promise<{ items: T[]; pages: number }> {
		const items: T[] = []
		let pages = 0
		for (let cursor: string | null = ''; cursor !== null; pages++) {
			const { status, body } = await call(node, 'GET', `${path}${cursor && `&cursor=${cursor}`}`)
			expect(status).to.equal(200)
			const page: Page<T> = body
			items.push(...page.items)
			cursor = page.nextCursor
		}
		return { items, pages }
	}

	it('lists all of them, page by page, in order and each once', async () => {
		const doctors = await everyPage<Doctor>('/doctors?limit=150')
		expect(doctors.pages).to.equal(Math.ceil(largeDoctors / 150))
		expect(new Set(doctors.items.map(({ id }) => id)).size).to.equal(largeDoctors)
		expect(doctors.items.map(({ fullName }) => fullName)).to.deep.equal(doctors.items.map(({ fullName }) => fullName).toSorted())
		const sites = await everyPage<Site>('/sites?limit=20')
		expect(new Set(sites.items.map(({ id }) => id)).size).to.equal(largeSites + 1)
		expect(sites.pages).to.equal(3)
	})

	it('lists the doctors of a site, and a chosen set', async () => {
		const site = (await everyPage<Site>('/sites?q=Site 007')).items[0] as Site
		const there = (await everyPage<Doctor>(`/doctors?siteId=${site.id}&limit=9`)).items
		expect(there).to.have.length(doctorsAtSite)
		for (const { siteIds } of there) expect(siteIds).to.deep.equal([site.id])
		const chosen = [there[3], there[11]] as Doctor[]
		const { items } = await everyPage<Doctor>(`/doctors?ids=${chosen.map(({ id }) => id)}`)
		expect(items).to.deep.equal(chosen)
		expect((await call(node, 'GET', '/doctors?ids=nobody')).body).to.deep.equal({ items: [], nextCursor: null })
	})

	it('finds one by name, by specialty, and no other', async () => {
		const found = async (q: string) =>
			(await everyPage<Doctor>(`/doctors?q=${encodeURIComponent(q)}`)).items.map(({ fullName }) => fullName)
		expect(await found('doctor 0777')).to.deep.equal(['Doctor 0777'])
		expect(await found('100%')).to.deep.equal([])
		expect((await everyPage<Doctor>('/doctors?specialty=specialty 4')).items).to.have.length(largeDoctors / 10)
		expect((await everyPage<Site>('/sites?q=City 12')).items.map(({ name }) => name)).to.deep.equal(['Site 012'])
	})

	it('lists kinds of appointment page by page, without those of staff in between', async () => {
		const rows = Array.from({ length: 30 }, (_, n) => ({
			name: `Kind ${String(n).padStart(2, '0')}`,
			minutes: 30,
			position: 100 + Math.floor(n / 4),
			visibility: n % 3 === 0 ? 'staff' : 'public',
		}))
		await node.db('appointment_types').insert(rows)
		const { items, pages } = await everyPage<AppointmentType>('/appointment-types?limit=7&q=kind')
		expect(items.map(({ name }) => name)).to.deep.equal(rows.filter(({ visibility }) => visibility === 'public').map(({ name }) => name))
		expect(pages).to.equal(3)
		expect((await call(node, 'GET', '/appointment-types?cursor=nonsense')).body.code).to.equal('invalid_input')
	})
})

describe('the lists of a large clinic', function () {
	this.timeout(60_000)
	const database = useDatabase()
	before(async () => {
		await aLargeClinic(database.db)
		// Most accounts are patients'.
		await database.db.raw(
			`INSERT INTO users (email, full_name, role, status) SELECT 'p' || i || '@post.example', 'Patient ' || i, 'patient', 'active'
			 FROM generate_series(1, 30000) i`,
		)
		await database.db.raw('VACUUM ANALYZE users, doctors, sites, schedule_plans, dated_hours')
	})

	/** The plan of the statement that a list runs. */
	async function planOf(list: (db: Db) => Promise<unknown>): Promise<string> {
		const { db } = database
		const statements: { sql: string; bindings: never[] }[] = []
		const heard = (statement: { sql: string; bindings: never[] }) => void statements.push(statement)
		db.on('query', heard)
		await list(db)
		db.removeListener('query', heard)
		const { sql, bindings } = statements[0] as { sql: string; bindings: never[] }
		const connection = await db.client.acquireConnection()
		try {
			const { rows } = await connection.query(`EXPLAIN ${sql}`, bindings)
			return rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n')
		} finally {
			db.client.releaseConnection(connection)
		}
	}

	const sort = 'name' as const
	const limit = 50
	const lists: Record<string, (db: Db) => Promise<unknown>> = {
		'the first page of doctors': db => listDoctors(db, { sort, limit }),
		'a late page of doctors': async db => {
			const cursor = Buffer.from(JSON.stringify(['Doctor 0800', '1'])).toString('base64url')
			return await listDoctors(db, { sort, limit, cursor })
		},
		'a search by name': db => listDoctors(db, { sort, limit, q: 'Doctor 0777' }),
		'the doctors of a site': db => listDoctors(db, { sort, limit, siteId: '7' }),
		'a chosen set': db => listDoctors(db, { sort, limit, ids: ['3', '4', '5'] }),
		'the doctors of a specialty': db => listDoctors(db, { sort, limit, specialty: 'specialty 4' }),
	}
	for (const [name, list] of Object.entries(lists))
		it(`never read all accounts: ${name}`, async () => {
			expect(await planOf(list)).not.to.match(/Seq Scan on users/)
		})
})
