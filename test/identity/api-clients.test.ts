import { expect } from 'chai'
import { io } from 'socket.io-client'
import { endpoints, type Scope, scopeOf, scopes } from '../../contract/index.ts'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

describe('a program with a key', () => {
	const node = useNode()
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})

	const aProgram = async (granted: readonly Scope[], more: Record<string, unknown> = {}) => {
		const made = await call(node, 'POST', '/admin/api-clients', { token: admin.token, body: { name: 'Website', scopes: granted, ...more } })
		expect(made.status).to.equal(201)
		return made.body as { id: string; key: string }
	}
	const asks = async (key: string, path = '/patients') => (await call(node, 'GET', path, { token: key })).status

	for (const scope of scopes)
		it(`may make the calls of its scope and no others: ${scope}`, async () => {
			const { key } = await aProgram([scope])
			for (const { method, path, access } of Object.values(endpoints)) {
				const concrete = path.replace(/:\w+/g, '1')
				const { status, body } = await call(node, method.toUpperCase(), concrete, { token: key, ...(method !== 'get' && { body: {} }) })
				const isIn = scopeOf({ method, path }) === scope
				if (isIn) expect(body?.code, `${method} ${path}`).to.not.equal('forbidden')
				else if (access !== 'anyone') expect([status, body.code], `${method} ${path}`).to.deep.equal([403, 'forbidden'])
			}
		})

	it('sees a calendar as a stranger does without the scope, and as the desk does with it', async () => {
		const [doctor, patient] = [await aDoctor(node), await aPatient(node, { fullName: 'Vera Visit' })]
		const [slotId] = await someSlots(node, doctor.id, { count: 1 })
		const { body: appointment } = await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId } })
		const date = appointment.startsAt.slice(0, 10)
		const seen = async (granted: Scope[]) => {
			const { key } = await aProgram(granted)
			return JSON.stringify((await call(node, 'GET', `/doctors/${doctor.id}/slots?from=${date}&to=${date}`, { token: key })).body)
		}
		expect(await seen(['patients:read'])).to.not.include('Vera Visit')
		expect(await seen(['calendar:read'])).to.include('Vera Visit')
	})

	it('books for a patient, and the appointment and the audit log name it', async () => {
		const [doctor, patient] = [await aDoctor(node), await aPatient(node)]
		const [slotId] = await someSlots(node, doctor.id, { count: 1 })
		const { id, key } = await aProgram(['appointments:write'])
		const booked = await call(node, 'POST', '/appointments', { token: key, body: { slotId, patientId: patient.id } })
		expect([booked.status, booked.body.bookedBy]).to.deep.equal([201, id])
	})

	it('is refused with a wrong, an expired and a revoked key', async () => {
		expect(await asks('lsk_made-up')).to.equal(401)
		const { id, key } = await aProgram(['patients:read'], { expiresAt: new Date(Date.now() + 3_600_000).toISOString() })
		expect(await asks(key)).to.equal(200)
		await node
			.db('api_clients')
			.where({ user_id: id })
			.update({ expires_at: new Date(Date.now() - 1000) })
		const { status, body } = await call(node, 'GET', '/patients', { token: key })
		expect([status, body.code]).to.deep.equal([401, 'token_expired'])
		await node.db('api_clients').where({ user_id: id }).update({ expires_at: null })
		expect((await call(node, 'DELETE', `/admin/api-clients/${id}`, { token: admin.token })).status).to.equal(204)
		expect(await asks(key)).to.equal(401)
	})

	it('may use the former key for the overlap of a rotation, and no longer', async () => {
		const { id, key } = await aProgram(['patients:read'])
		const rotated = await call(node, 'POST', `/admin/api-clients/${id}/rotate`, { token: admin.token, body: { overlapMinutes: 30 } })
		expect([await asks(key), await asks(rotated.body.key)]).to.deep.equal([200, 200])
		await node
			.db('api_clients')
			.where({ user_id: id })
			.update({ former_key_until: new Date(Date.now() - 1000) })
		expect([await asks(key), await asks(rotated.body.key)]).to.deep.equal([401, 200])
		const at = await call(node, 'POST', `/admin/api-clients/${id}/rotate`, { token: admin.token, body: { overlapMinutes: 0 } })
		expect([await asks(rotated.body.key), await asks(at.body.key)]).to.deep.equal([401, 200])
	})

	it('is listed with its last use, without its key, and its key is not stored', async () => {
		const { id, key } = await aProgram(['patients:read'])
		await asks(key)
		const { body } = await call(node, 'GET', '/admin/api-clients', { token: admin.token })
		const listed = body.items.find((each: { id: string }) => each.id === id)
		expect(listed).to.include.keys('lastUsedAt', 'scopes', 'name')
		expect(JSON.stringify([body, await node.db('api_clients').select(), await node.db('audit_log').select()])).to.not.include(key)
	})

	it('is not a user: it is not listed, cannot be changed, and gets no password and no code', async () => {
		const { id } = await aProgram(['patients:read'])
		const users = await call(node, 'GET', '/admin/users?limit=100', { token: admin.token })
		expect(users.body.items.map((user: { id: string }) => user.id)).to.not.include(id)
		expect((await call(node, 'PATCH', `/admin/users/${id}`, { token: admin.token, body: { role: 'admin' } })).status).to.equal(404)
		const { email } = await node.db('users').where({ id }).first('email')
		await call(node, 'POST', '/auth/forgot-password', { body: { email } })
		expect(await node.db('password_resets').where({ user_id: id })).to.deep.equal([])
	})

	it('cannot open a socket', async () => {
		const { key } = await aProgram([...scopes])
		const socket = io(node.url, { auth: { token: key }, transports: ['websocket'], reconnection: false })
		try {
			let refusal: string | undefined
			socket.on('connect_error', error => {
				refusal = error.message
			})
			await waitFor(() => refusal !== undefined, 'the refusal')
			expect(socket.connected).to.equal(false)
		} finally {
			socket.disconnect()
		}
	})

	it('records its use once a minute, whatever it asks', async () => {
		const { id, key } = await aProgram(['patients:read'])
		const lastUse = async () => (await node.db('api_clients').where({ user_id: id }).first('last_used_at')).last_used_at?.getTime()
		await asks(key)
		const first = await lastUse()
		expect(first).to.be.a('number')
		await asks(key)
		expect(await lastUse()).to.equal(first)
	})
})
