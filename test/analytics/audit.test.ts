import { expect } from 'chai'
import { AuditEntry } from '../../contract/index.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'

describe('the audit list', () => {
	const node = useNode()
	let admin: Person
	let ann: Person
	let bob: Person

	before(async () => {
		admin = await anAdmin(node)
		ann = await aReceptionist(node, { fullName: 'Ann O’Neil', email: 'ann@desk.example' })
		bob = await aReceptionist(node, { fullName: 'Bob Annandale', email: 'bob@desk.example' })
		const at = (day: string) => `2026-05-${day}Z`
		await node.db('audit_log').insert([
			{ at: at('01T00:00:00'), actor_id: ann.id, action: 'created', entity: 'patient', entity_id: '7' },
			{ at: at('01T23:59:59.999'), actor_id: bob.id, action: 'updated', entity: 'patient', entity_id: '7', details: { fields: ['phone'] } },
			{ at: at('02T00:00:00'), actor_id: ann.id, action: 'viewed', entity: 'patient', entity_id: '8', ip: '10.0.0.1', request_id: 'r-1' },
			{ at: at('03T12:00:00'), actor_id: null, action: 'signed_in', entity: 'user', entity_id: '7' },
			{ at: at('04T12:00:00'), actor_id: 999999, action: 'approved', entity: 'user', entity_id: 'a:b' },
		])
	})

	const list = (query = '', token = admin.token) => call(node, 'GET', `/admin/audit?${query}`, { token })

	async function actions(query: string): Promise<string[]> {
		const { status, body } = await list(`from=2026-05-01&to=2026-05-31&${query}`)
		expect(status).to.equal(200)
		return body.items.map(({ action }: AuditEntry) => action)
	}

	it('shows the newest entries first, with actor, action, time and address', async () => {
		expect(await actions('')).to.deep.equal(['approved', 'signed_in', 'viewed', 'updated', 'created'])
		const { body } = await list('from=2026-05-02&to=2026-05-02')
		expect(body.items.map((item: unknown) => AuditEntry.parse(item))).to.deep.equal([
			{
				id: body.items[0].id,
				at: '2026-05-02T00:00:00.000Z',
				actorId: ann.id,
				actorName: 'Ann O’Neil',
				action: 'viewed',
				entity: 'patient',
				entityId: '8',
				ip: '10.0.0.1',
				requestId: 'r-1',
				details: {},
			},
		])
	})

	it('accepts dates in UTC, both inclusive, or one alone', async () => {
		const items = async (query: string) => (await list(query)).body.items.map(({ action }: AuditEntry) => action)
		expect(await items('from=2026-05-01&to=2026-05-01')).to.deep.equal(['updated', 'created'])
		expect(await items('to=2026-05-02')).to.deep.equal(['viewed', 'updated', 'created'])
		expect(await items('from=2026-05-04&to=2026-05-05')).to.deep.equal(['approved'])
		expect(await items('from=2026-05-05&to=2026-05-04')).to.deep.equal([])
	})

	it('finds the actions of one account, by id or by part of the name or address', async () => {
		expect(await actions(`actor=${ann.id}`)).to.deep.equal(['viewed', 'created'])
		expect(await actions('actor=ANN')).to.deep.equal(['viewed', 'updated', 'created'])
		expect(await actions('actor=bob@desk')).to.deep.equal(['updated'])
		expect(await actions('actor=999999')).to.deep.equal(['approved'])
		for (const other of ['%25', '_', 'nobody', "'--", '0']) expect(await actions(`actor=${other}`), other).to.deep.equal([])
	})

	it('finds the actions on one kind of entity, or on one entity', async () => {
		expect(await actions('entity=user')).to.deep.equal(['approved', 'signed_in'])
		expect(await actions('entity=patient:7')).to.deep.equal(['updated', 'created'])
		expect(await actions('entity=user:a:b')).to.deep.equal(['approved'])
		expect(await actions('entity=patient:')).to.deep.equal([])
		expect(await actions(`entity=patient&actor=${bob.id}`)).to.deep.equal(['updated'])
	})

	it('returns each entry once, page by page, even while new ones are recorded', async () => {
		const seen: string[] = []
		for (let cursor: string | null = ''; cursor !== null; ) {
			const { body } = await list(`from=2026-05-01&to=2026-05-31&limit=2${cursor && `&cursor=${cursor}`}`)
			seen.push(...body.items.map(({ action }: AuditEntry) => action))
			cursor = body.nextCursor
			await node.db('audit_log').insert({ at: '2026-05-20T00:00:00Z', action: 'late', entity: 'late' })
		}
		expect(seen).to.deep.equal(['approved', 'signed_in', 'viewed', 'updated', 'created'])
	})

	it('refuses malformed input', async () => {
		const made = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')
		const wrong = [
			'from=May',
			'to=2026-13-01',
			'limit=0',
			'cursor=x',
			`cursor=${made(['x'])}`,
			`cursor=${made([1, 2])}`,
			'actor=%00',
			'entity=%00',
		]
		for (const query of [...wrong, `actor=${'x'.repeat(101)}`]) {
			const { status, body } = await list(query)
			expect([status, body.code], query).to.deep.equal([400, 'invalid_input'])
		}
	})

	it('is for admins only', async () => {
		for (const person of [await aPatient(node), ann]) {
			const { status, body } = await list('', person.token)
			expect([status, body.code]).to.deep.equal([403, 'forbidden'])
		}
	})
})
