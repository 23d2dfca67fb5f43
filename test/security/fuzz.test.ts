import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import fc from 'fast-check'
import { pino } from 'pino'
import { type ClientEventName, clientEvents, type Endpoint, endpoints, type Role, refusalCodes } from '../../contract/index.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { fuzzSeed, isLong } from '../support/forms.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aSocket, type Client, closeSockets, ok } from '../support/watcher.ts'
import { type Arbitraries, createArbitraries } from './arbitrary.ts'
import { conversation, converse, polling } from './wire-noise.ts'

const rounds = isLong ? 8 : 2
/** How long each of the three kinds of input is sent in each round. */
const spanMs = isLong ? 15_000 : 1000
/** How many inputs every call gets before chance chooses the calls. */
const someOfEach = isLong ? 50 : 5
/** More growth than the caches and pools of a warm server need. */
const maxGrowthBytes = (isLong ? 24 : 12) * 1_000_000

const calls: Record<string, Endpoint> = endpoints

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The memory in use after garbage collection, once timers of closed connections have ended. */
const liveBytes = async (): Promise<number> => {
	await new Promise(resolve => setTimeout(resolve, 200))
	collectGarbage()
	collectGarbage()
	return process.memoryUsage().heapUsed
}

describe('generated input', function () {
	this.timeout(60_000 + rounds * spanMs * 6)
	const complaints: string[] = []
	const log = pino({ level: 'info' }, { write: (line: string) => void (/"level":[56]0|"err":/.test(line) && complaints.push(line)) })
	const node = useNode({}, { log: log as never })
	const callers: Partial<Record<Role, Person>> = {}
	/** Calls and events that succeeded at least once: inputs that are always refused test only the refusal. */
	const reached = new Set<string>()
	let arbitraries: Arbitraries
	let scenes = 0

	const newCaller: Record<Role, (on: typeof node) => Promise<Person>> = {
		patient: aPatient,
		doctor: aDoctor,
		receptionist: aReceptionist,
		admin: anAdmin,
	}
	/** Inputs keep changing one doctor's hours. The other doctor keeps free slots. */
	let steady: Person
	/** Accounts that inputs may disable and erase, so that the callers' accounts stay. */
	let others: Person[]

	before(async () => {
		console.log(`      generated from FUZZ_SEED=${fuzzSeed}`)
		for (const role of Object.keys(newCaller) as Role[]) callers[role] = await newCaller[role](node)
		steady = await aDoctor(node)
		others = await Promise.all(Array.from({ length: 6 }, () => aPatient(node)))
	})

	/** Visits, free slots and signed-in callers, renewed because chance uses them up in time. */
	const setTheScene = async () => {
		for (const [role, { token }] of Object.entries(callers) as [Role, Person][])
			if ((await call(node, 'GET', '/me', { token })).status !== 200) callers[role] = await newCaller[role](node)
		const { patient, doctor } = callers as Record<Role, Person>
		await node.db('appointment_types').update({
			archived_at: null,
			visibility: 'public',
			by_all_doctors: true,
			min_notice_minutes: 0,
			max_days_ahead: null,
			daily_limit: null,
		})
		const slots = await someSlots(node, steady.id, { count: 300, from: hoursAhead(24 * 7 * ++scenes) })
		const booked = await Promise.all(
			slots.slice(0, 12).map(slotId => call(node, 'POST', '/appointments', { token: patient.token, body: { slotId } })),
		)
		const types = await node.db('appointment_types').select('id')
		const sites = await node.db('sites').select('id').limit(20)
		const notifications = await node.db('notification_queue').select('id').limit(5)
		const idsOf = (rows: { id: unknown }[]) => rows.map(({ id }) => String(id))
		arbitraries = createArbitraries({
			slotId: slots,
			doctorId: [steady.id, doctor.id],
			changingDoctorId: [doctor.id],
			appointmentId: booked.map(({ body }) => body.id),
			patientId: [...idsOf(others), patient.id],
			userId: idsOf(others),
			typeId: idsOf(types),
			siteId: idsOf(sites),
			notificationId: idsOf(notifications),
			timeOffId: ['1', '2', '3'],
			token: Object.values(callers).map(({ token }) => token),
		})
	}

	after(closeSockets)
	afterEach(() => expect(complaints.splice(0), 'what the server says is its own fault').to.deep.equal([]))

	/** Sends several inputs at once for a span of time. A failure shows the smallest input that causes it, and the seed. */
	const forAWhile = <T>(input: fc.Arbitrary<T>, check: (input: T) => Promise<void>, round: number) =>
		fc.assert(
			fc.asyncProperty(fc.array(input, { minLength: 1, maxLength: 8 }), async atOnce => {
				await Promise.all(atOnce.map(check))
				const said = complaints.splice(0)
				if (said.length > 0) throw new Error(`the server complained: ${said[0]?.slice(0, 2000)}`)
			}),
			{ seed: fuzzSeed + round, numRuns: 1_000_000, interruptAfterTimeLimit: spanMs, markInterruptAsFailure: false },
		)

	const expectAnswer = (endpoint: Endpoint, { status, body }: { status: number; body: any }) => {
		expect(status, JSON.stringify(body)).to.be.within(200, 499)
		if (status >= 400) expect(body?.code, JSON.stringify(body)).to.be.oneOf([...refusalCodes])
		else if (status !== 204 && !endpoint.contentType)
			expect(
				endpoint.response.safeParse(body).error?.message,
				`${endpoint.method} ${endpoint.path}: ${JSON.stringify(body).slice(0, 500)}`,
			).to.equal(undefined)
	}

	/** Mostly an authorised caller, sometimes any caller. */
	const callerOf = ({ access }: Endpoint) => {
		const everyone = [undefined, ...(Object.keys(callers) as Role[])]
		const allowed = Array.isArray(access) ? (access as Role[]) : everyone
		return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...allowed) }, { weight: 1, arbitrary: fc.constantFrom(...everyone) })
	}

	/** What the id in a path refers to: in `/doctors/:id`, a doctor. */
	const idIn = ({ method, path }: Endpoint) => {
		const [, root = ''] = /([a-z]+)\/:id/.exec(path) ?? []
		if (method === 'delete' && root === 'patients') return 'userId'
		if (method !== 'get' && root === 'doctors') return 'changingDoctorId'
		return `${root.slice(0, -1)}Id`
	}

	const callsOfEach = () => {
		const { input, idFor, hostileText } = arbitraries
		return Object.entries(calls).map(([name, endpoint]) =>
			fc.record({
				name: fc.constant(name),
				params: fc.tuple(idFor(idIn(endpoint)), idFor('timeOffId')),
				query: input(endpoint.query),
				body: input(endpoint.body),
				as: callerOf(endpoint),
				key: fc.oneof(fc.constant(undefined), fc.uuid(), hostileText),
			}),
		)
	}

	/** Visits every call first, because chance alone would leave some out of a short run. */
	const makeSomeOfEach = async () => {
		for (const each of callsOfEach()) {
			for (const input of fc.sample(each, { seed: fuzzSeed, numRuns: someOfEach })) {
				await makeCall(input)
				expect(complaints, JSON.stringify(input)).to.deep.equal([])
			}
		}
	}

	/** Headers carry only printable ASCII, and addresses only valid UTF-8. The body carries every text. */
	const inHeader = (text: string) => /^[\x20-\x7e]*$/.test(text)
	const inAddress = (value: unknown) =>
		encodeURIComponent(Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toString())

	/** An input that is small enough to read in a failure: names stand for endpoints and callers. */
	type Call = { name: string; params: string[]; query: unknown; body: unknown; as: Role | undefined; key: string | undefined }
	const makeCall = async ({ name, params, query, body, as, key }: Call) => {
		const endpoint = calls[name] as Endpoint
		const caller = as && callers[as]
		const values = [...params]
		const path = endpoint.path.replace(/:\w+/g, () => inAddress(values.shift() || '0'))
		const parameters = Object.entries(typeof query === 'object' && query ? query : { q: query })
		const text = parameters.map(([field, value]) => `${inAddress(field)}=${inAddress(value)}`).join('&')
		const answer = await call(node, endpoint.method.toUpperCase(), `${path}?${text}`, {
			...(caller && { token: caller.token }),
			...(endpoint.method !== 'get' && body !== undefined && { body: JSON.stringify(body) ?? 'null' }),
			...(key && inHeader(key) && { key }),
		})
		expectAnswer(endpoint, answer)
		if (answer.status < 300) reached.add(name)
	}

	const anyEvent = () =>
		fc.oneof(
			...(Object.keys(clientEvents) as ClientEventName[]).map(event =>
				fc.record({ event: fc.constant(event), payload: arbitraries.input(clientEvents[event].payload), from: fc.nat() }),
			),
		)

	const emit = async (socket: Client, event: string, payload: unknown) => {
		const answer = await (socket as any).timeout(10_000).emitWithAck(event, payload)
		if (answer.ok) {
			reached.add(event)
			const { ok: _, ...body } = answer
			const { error } = clientEvents[event as ClientEventName].ack.safeParse(body)
			expect(error?.message, JSON.stringify(body).slice(0, 500)).to.equal(undefined)
		} else {
			expect(answer.error.code, JSON.stringify(answer)).to.be.oneOf([...refusalCodes])
			expect(answer.error.code).not.to.equal('internal')
		}
	}

	it('is answered or refused, without an internal error, a crash, or a leak', async () => {
		const heap: number[] = []
		await setTheScene()
		await makeSomeOfEach()
		for (let round = 0; round < rounds; round++) {
			await setTheScene()
			await forAWhile(fc.oneof(...callsOfEach()), makeCall, round)
			await setTheScene()
			const sockets = await Promise.all([undefined, ...Object.values(callers)].map(caller => aSocket(node, caller?.token)))
			await forAWhile(anyEvent(), ({ event, payload, from }) => emit(sockets[from % sockets.length] as Client, event, payload), round)
			closeSockets()
			const noise = fc.record({ talks: fc.array(conversation, { minLength: 1, maxLength: 3 }), abrupt: fc.boolean(), request: polling })
			await forAWhile(
				noise,
				async ({ talks, abrupt, request }) => {
					const asked = fetch(`${node.url}/socket.io/?${new URLSearchParams(request.query)}`, {
						method: request.method,
						...(request.method !== 'GET' && request.body !== undefined && { body: request.body as BodyInit }),
						signal: AbortSignal.timeout(2000),
					}).then(async response => {
						await response.arrayBuffer()
						expect(response.status).to.be.below(500)
					})
					await Promise.all([asked, ...talks.map(frames => converse(node.url, frames, abrupt))])
				},
				round,
			)
			heap.push(await liveBytes())
		}
		const all = Object.keys(endpoints).length + Object.keys(clientEvents).length
		const missed = [...Object.keys(endpoints), ...Object.keys(clientEvents)].filter(name => !reached.has(name))
		expect(reached.size, `never got through: ${missed.join(', ')}`).to.be.greaterThan(isLong ? all * 0.8 : 10)
		const [first = 0, ...later] = heap
		expect(Math.max(...later) - first, `live bytes after each round: ${heap.join(', ')}`).to.be.below(maxGrowthBytes)
	})

	it('does not keep the server from booking', async () => {
		const [patient, fresh] = [await aPatient(node), await aDoctor(node)]
		const [first, second] = await someSlots(node, fresh.id, { count: 2, from: hoursAhead(48) })
		const socket = await aSocket(node, patient.token)
		ok(await socket.emitWithAck('slot:hold', { slotId: first! }))
		ok(await socket.emitWithAck('appointment:book', { slotId: first!, idempotencyKey: randomUUID() }))
		expect((await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId: second } })).status).to.equal(201)
		expect((await fetch(`${node.url}/readyz`)).status).to.equal(200)
	})
})
