import { expect } from 'chai'
import { pino } from 'pino'
import { type ClientEventName, clientEvents, type Endpoint, endpoints, refusalCodes } from '../../contract/index.ts'
import { someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist } from '../support/people.ts'
import { aSocket, closeSockets } from '../support/watcher.ts'

const nested = (depth: number): unknown => {
	let value: unknown = 'deep'
	for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value }
	return value
}

const hostile = [
	"'; DROP TABLE users; --",
	'<script>alert(1)</script>',
	'\u0000',
	'\ud800',
	'../../../../etc/passwd',
	'%00%ff%C0%AE',
	'{"$gt":""}',
	'__proto__',
	'𝒳'.repeat(300),
	'a\r\nSet-Cookie: x=y',
	'-1',
	'9'.repeat(30),
	'NaN',
]

/** Values that a client may send in place of a matching object. */
const payloads = (): { what: string; value: unknown }[] => [
	{ what: 'nothing', value: undefined },
	{ what: 'null', value: null },
	{ what: 'a number', value: 42 },
	{ what: 'a string', value: 'text' },
	{ what: 'a list', value: [1, 2, 3] },
	{ what: 'an empty object', value: {} },
	{ what: 'deep nesting', value: nested(1000) },
	{ what: 'a polluting object', value: JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}') },
	{ what: '1 MB', value: { slotId: 'x'.repeat(1_000_000), doctorId: 'y', email: 'z' } },
]

/** Objects whose every field is of a wrong type or hostile. */
const wrongFields = (names: string[]): { what: string; value: unknown }[] => [
	...[null, 7, -1, 1e308, true, [], {}, [[]], nested(50)].map(wrong => ({
		what: `fields that are ${JSON.stringify(wrong)?.slice(0, 20)}`,
		value: Object.fromEntries(names.map(name => [name, wrong])),
	})),
	...hostile.map(text => ({
		what: `fields that are ${JSON.stringify(text).slice(0, 30)}`,
		value: Object.fromEntries(names.map(name => [name, text])),
	})),
]

const fieldNames = [
	...['slotId', 'typeId', 'patientId', 'reason', 'idempotencyKey', 'appointmentId', 'doctorId', 'from', 'to', 'token', 'email', 'password'],
	...['fullName', 'phone', 'role', 'status', 'specialty', 'timeZone', 'slotMinutes', 'weekly', 'validFrom', 'startsAt', 'endsAt', 'days'],
	...['birthDate', 'currentPassword'],
]

describe('bad input', () => {
	const lines: { level: number; msg: string; err?: unknown }[] = []
	const log = pino({ level: 'info' }, { write: (text: string) => void lines.push(JSON.parse(text)) })
	const node = useNode({}, { log: log as never })
	const tokens: Record<string, string> = {}
	let slotId = ''
	let doctorId = ''

	before(async () => {
		tokens.patient = (await aPatient(node)).token
		tokens.receptionist = (await aReceptionist(node)).token
		tokens.admin = (await anAdmin(node)).token
		const doctor = await aDoctor(node)
		tokens.doctor = doctor.token
		doctorId = doctor.id
		slotId = (await someSlots(node, doctor.id))[0] as string
	})
	after(closeSockets)
	afterEach(async () => {
		const complaints = lines.filter(line => line.level >= 50 || line.err !== undefined)
		expect(complaints, 'a client’s mistake is no error of ours, and leaves no stack trace').to.deep.equal([])
		const { status } = await call(node, 'GET', '/doctors')
		expect(status, 'the server keeps serving').to.equal(200)
	})

	const expectProblem = (answer: { status: number; body: any; headers: Headers }, what: string) => {
		expect(answer.status, `${what}: ${JSON.stringify(answer.body)}`).to.be.within(200, 499)
		if (answer.status < 400) return
		expect(answer.headers.get('content-type'), what).to.contain('application/problem+json')
		expect(answer.body.code, what).to.be.oneOf([...refusalCodes])
		expect(JSON.stringify(answer.body), what).not.to.match(/at .*\.(ts|js):\d|node_modules|SELECT |syntax error|ZodError/)
	}

	const callAs = (endpoint: Endpoint): string | undefined => {
		if (Array.isArray(endpoint.access)) return tokens[endpoint.access[0] as string]
		return endpoint.access === 'anyone' ? undefined : tokens.patient
	}

	for (const [name, endpoint] of Object.entries(endpoints) as [string, Endpoint][]) {
		it(`is refused politely by ${name}`, async function () {
			this.timeout(60_000)
			const token = callAs(endpoint)
			const path = (id: string) => endpoint.path.replace(/:(\w+)/g, encodeURIComponent(id))
			const options = (body: unknown) => ({ ...(token && { token }), ...(endpoint.method !== 'get' && body !== undefined && { body }) })
			// GET has no body, so only its address can be wrong.
			const bodies = endpoint.method === 'get' ? [{ what: 'nothing', value: undefined }] : [...payloads(), ...wrongFields(fieldNames)]
			for (const { what, value } of bodies) {
				const answer = await call(node, endpoint.method.toUpperCase(), path('1'), options(value))
				expectProblem(answer, what)
				if (what === '1 MB') expect(answer.status, what).to.equal(413)
			}
			for (const text of hostile.filter(text => !/[\ud800-\udfff]/.test(text))) {
				const query = fieldNames.map(field => `${field}=${encodeURIComponent(text)}`).join('&')
				expectProblem(
					await call(
						node,
						endpoint.method.toUpperCase(),
						`${path(text)}?${query}&limit=${encodeURIComponent(text)}&cursor=${encodeURIComponent(text)}&q=${encodeURIComponent(text)}`,
						options({}),
					),
					text,
				)
			}
			for (const body of ['['.repeat(45_000), '{', '"', '[1,', '{"a":1}}', '\u0000', 'undefined']) {
				if (endpoint.method === 'get') continue
				const answer = await call(node, endpoint.method.toUpperCase(), path('1'), {
					...options(undefined),
					body,
					headers: { 'content-type': 'application/json' },
				})
				// Where a picture is asked for, broken JSON is just no picture.
				if ('maxFileBytes' in endpoint) expect(answer.status).to.be.oneOf([403, 415])
				else expect(answer.status, body.slice(0, 20)).to.equal(400)
				expectProblem(answer, body)
			}
		})
	}

	for (const event of Object.keys(clientEvents) as ClientEventName[]) {
		it(`is acknowledged with a refusal by ${event}`, async function () {
			this.timeout(60_000)
			for (const token of [undefined, tokens.patient]) {
				const socket = await aSocket(node, token)
				const emit = (...args: unknown[]): Promise<any> => (socket as any).timeout(10_000).emitWithAck(event, ...args)
				for (const { what, value } of [...payloads(), ...wrongFields(fieldNames)]) {
					const answer = await emit(value)
					// Unwatching what the socket does not watch is no mistake, whatever its name.
					if (answer.ok && (event === 'calendar:unwatch' || event === 'room:unwatch') && what.startsWith('fields that are "')) continue
					expect(answer.ok, `${what}: ${JSON.stringify(answer)}`).to.equal(false)
					expect(answer.error.code, what).to.be.oneOf([...refusalCodes])
					expect(answer.error.code, `${what}: ${answer.error.message}`).not.to.equal('internal')
					if (what === '1 MB') expect(answer.error.code).to.equal('payload_too_large')
				}
				expect((await emit()).ok, 'no payload at all').to.equal(false)
				expect((await emit({ slotId }, { slotId }, 'more')).ok, 'too many arguments').to.be.a('boolean')
				;(socket as any).emit(event)
				;(socket as any).emit(event, { slotId })
				;(socket as any).emit(event, Buffer.from('binary'), { nested: Buffer.alloc(10) })
				expect(socket.connected, 'the connection stays').to.equal(true)
				socket.disconnect()
			}
		})
	}

	const cursorOf = (...key: unknown[]) => `cursor=${Buffer.from(JSON.stringify(key)).toString('base64url')}`
	const instants = { from: '2026-12-01T00:00:00%2B23:59', to: '2026-12-02T00:00:00-23:59' }
	for (const [what, path] of Object.entries({
		'an offset of almost a day': `/appointments?from=${instants.from}&to=${instants.to}`,
		'the year -8000': `/appointments?${cursorOf(Date.UTC(-8000, 0), '1')}`,
		'the year -29000': `/appointments?${cursorOf(Date.UTC(-29000, 0), '1')}`,
		'the year -8000 in time off': `/doctors/DOCTOR/time-off?${cursorOf(new Date(Date.UTC(-8000, 0)).toISOString(), '1')}`,
		'the year -29000 in time off': `/doctors/DOCTOR/time-off?${cursorOf(new Date(Date.UTC(-29000, 0)).toISOString(), '1')}`,
	}))
		it(`is refused as invalid when it names a time outside PostgreSQL’s range, ${what}`, async () => {
			const { status, body } = await call(node, 'GET', path.replace('DOCTOR', doctorId), { token: tokens.admin as string })
			expect({ status, code: body.code }).to.deep.equal({ status: 400, code: 'invalid_input' })
			expect(JSON.stringify(body)).not.to.match(/displacement|field value|select/i)
		})

	it('is acknowledged when it is nested deeper than a stack', async () => {
		const socket = (await aSocket(node, tokens.patient)) as any
		const depth = 45_000
		const answered = new Promise<any>(resolve =>
			socket.io.engine.on('data', (text: string) => text.startsWith('3') && resolve(JSON.parse(text.replace(/^\d+/, '')))),
		)
		socket.io.engine.write(`2999["slot:hold",${'['.repeat(depth)}${']'.repeat(depth)}]`)
		expect((await answered)[0].error.code).to.equal('invalid_input')
		expect(socket.connected).to.equal(true)
	})

	it('is acknowledged when the event does not exist', async () => {
		const socket = (await aSocket(node, tokens.patient)) as any
		expect((await socket.timeout(5000).emitWithAck('no:such', {})).error.code).to.equal('invalid_input')
		expect((await socket.timeout(5000).emitWithAck('__proto__', {})).error.code).to.equal('invalid_input')
		expect(socket.connected).to.equal(true)
	})
})
