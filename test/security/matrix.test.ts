import { once } from 'node:events'
import { expect } from 'chai'
import { io } from 'socket.io-client'
import { clientEvents, Problem } from '../../contract/index.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { useNode } from '../support/node.ts'
import { aSocket, closeSockets } from '../support/watcher.ts'
import { aClinicOfPeople, type Caller, callers, type People, shortLived, tokensOf } from './callers.ts'
import { eventRows, httpRows, type Row } from './matrix.ts'
import { useMounts } from './mounted.ts'
import { createScene, payloads, type Request, requests, type Scene } from './requests.ts'

/** The refusals in the cells, with their status. */
const codes: Partial<Record<Caller, string[]>> = {
	disabled: ['account_disabled'],
	expired: ['token_expired'],
	forged: ['unauthenticated'],
	pending: ['account_pending', 'forbidden'],
}
const statuses: Partial<Record<Caller, string>> = { disabled: '403', expired: '401', forged: '401', pending: '403' }

const nameOf = ({ call, about }: Row) => (about === undefined ? call : `${call}#${about}`)

describe('the matrix of rights', () => {
	const { node, calls, events } = useMounts(() => useNode({ METRICS_TOKEN: 'only the monitor knows it' }))
	let people: People
	let tokens: Record<Caller, (string | undefined)[]>
	let scene: Scene

	before(async () => {
		people = await aClinicOfPeople(node)
		tokens = await tokensOf(node, people)
		const slots = await someSlots(node, people.doctor.id, { count: 900 })
		scene = createScene(node, people, slots)
	})
	after(closeSockets)

	it('has a row for every call that the server answers, and no other row', () => {
		expect([...new Set(httpRows.map(({ call }) => call))].sort()).to.deep.equal(calls())
		expect(calls().length).to.be.above(60)
		const rows = httpRows.map(nameOf)
		expect(Object.keys(requests).filter(name => !rows.includes(name))).to.deep.equal([])
	})

	it('has a row for every event', async () => {
		const rows = [...new Set(eventRows.map(({ call }) => call))]
		expect(rows).to.have.members(Object.keys(clientEvents))
		await aSocket(node)
		expect(events(), 'past the one door for events, sockets are listened to for their own state only').to.deep.equal([
			'*',
			'disconnect',
			'error',
		])
		expect(Object.keys(payloads)).to.have.members(eventRows.map(nameOf))
	})

	const ask = async (row: Row, { params = {}, query, body, headers, path }: Request, token: string | undefined) => {
		const [method = '', address = ''] = row.call.split(' ')
		const filled = (path ?? address).replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(params[name] ?? 'missing'))
		const response = await fetch(`${node.url}${filled}${query ? `?${new URLSearchParams(query)}` : ''}`, {
			method: method === 'ALL' ? 'GET' : method,
			headers: {
				...(token && { authorization: `Bearer ${token}` }),
				...(body !== undefined && { 'content-type': 'application/json' }),
				...headers,
			},
			...(body !== undefined && { body: typeof body === 'string' || Buffer.isBuffer(body) ? (body as BodyInit) : JSON.stringify(body) }),
		})
		const text = await response.text()
		return { status: response.status, text }
	}

	for (const row of httpRows) {
		it(`${nameOf(row)}: ${[...new Set(Object.values(row.cells))].join(', ')}`, async () => {
			const found: Record<string, string> = {}
			const wrongCodes: string[] = []
			for (const caller of callers) {
				const answers = []
				for (const token of tokens[caller]) answers.push(await ask(row, (await requests[nameOf(row)]?.(scene, caller)) ?? {}, token))
				found[caller] = [...new Set(answers.map(({ status }) => status))].join(' and ')
				// The door for programs says in its own form that it knows no access tokens of people.
				const expected = row.call.includes(' /fhir/') ? undefined : codes[caller]
				if (!expected || row.cells.anonymous === row.cells.disabled || row.cells[caller] !== statuses[caller]) continue
				for (const { text } of answers) {
					const { code } = Problem.parse(JSON.parse(text))
					if (!expected.includes(code)) wrongCodes.push(`${caller}: ${code}`)
				}
			}
			expect(found).to.deep.equal(row.cells)
			expect(wrongCodes).to.deep.equal([])
		})
	}

	for (const row of eventRows) {
		it(`${nameOf(row)}: ${[...new Set(Object.values(row.cells))].join(', ')}`, async () => {
			const found: Record<string, string> = {}
			for (const caller of Object.keys(row.cells) as Caller[]) {
				const socket = await aSocket(node, tokens[caller][0])
				const payload = await payloads[nameOf(row)]?.(scene, caller)
				const answer = await (socket as any).timeout(10_000).emitWithAck(row.call, payload)
				found[caller] = answer.ok ? 'ok' : answer.error.code
				socket.disconnect()
			}
			expect(found).to.deep.equal(row.cells)
		})
	}

	const connecting = (token: string) => io(node.url, { auth: { token }, transports: ['websocket'], reconnection: false, forceNew: true })

	for (const caller of ['disabled', 'expired', 'forged'] as const) {
		it(`refuses a socket that is ${caller}, and does not sign an open socket in with that token`, async () => {
			const anonymous = await aSocket(node)
			for (const token of tokens[caller] as string[]) {
				const socket = connecting(token)
				const [error] = await once(socket as never, 'connect_error')
				expect(error.data.code).to.be.oneOf(codes[caller] as string[])
				const answer: any = await anonymous.emitWithAck('session:renew', { token })
				expect(answer.error.code).to.be.oneOf(codes[caller] as string[])
			}
			expect((await anonymous.emitWithAck('slot:hold', { slotId: scene.aSlot() })).ok, 'still nobody').to.equal(false)
		})
	}

	it('refuses an open socket whose token has expired, until the socket sends a new one', async () => {
		// Long enough to connect on a busy machine.
		const socket = (await aSocket(node, shortLived(node, people.receptionist, 4))) as any
		expect((await socket.emitWithAck('calendar:watch', { doctorId: people.doctor.id, ...soon() })).ok).to.equal(true)
		await new Promise(resolve => setTimeout(resolve, 4100))
		for (const row of eventRows.filter(({ call }) => call !== 'session:renew')) {
			const answer = await socket.emitWithAck(row.call, await payloads[nameOf(row)]?.(scene, 'receptionist'))
			expect(answer.error?.code, row.call).to.equal('token_expired')
		}
		expect((await socket.emitWithAck('session:renew', { token: people.receptionist.token })).ok).to.equal(true)
		expect((await socket.emitWithAck('calendar:watch', { doctorId: people.doctor.id, ...soon() })).ok).to.equal(true)
	})
})
