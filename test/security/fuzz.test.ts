import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import fc from 'fast-check'
import { pino } from 'pino'
import { type ClientEventName, clientEvents, type Endpoint, endpoints, refusalCodes } from '../../contract/index.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { fuzzSeed, isLong } from '../support/forms.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { aSocket, type Client, closeSockets, ok } from '../support/watcher.ts'
import { type Arbitraries, createArbitraries } from './arbitrary.ts'
import { conversation, converse, polling } from './wire-noise.ts'

const rounds = isLong ? 8 : 3
/** For each of the three kinds of input, in each round. */
const spanMs = isLong ? 15_000 : 700
/** Growth beyond what caches and pools of a warm server may take. */
const maxGrowthBytes = (isLong ? 24 : 12) * 1_000_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What is alive, when all that is not has been let go of: timers of closed connections first. */
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
	const callers: (Person | undefined)[] = [undefined]
	let doctor: Person
	let arbitraries: Arbitraries

	before(async () => {
		console.log(`      generated from FUZZ_SEED=${fuzzSeed}`)
		doctor = await aDoctor(node)
		callers.push(doctor, await aPatient(node), await aPatient(node), await aReceptionist(node), await anAdmin(node))
		const slots = await someSlots(node, doctor.id, { count: 10 })
		const types = await node.db('appointment_types').select('id')
		const known = [...callers.flatMap(each => each?.id ?? []), ...slots, ...types.map(({ id }) => String(id)), '1', '2', '3']
		arbitraries = createArbitraries(known)
	})
	after(closeSockets)
	afterEach(() => expect(complaints.splice(0), 'what the server says is its own fault').to.deep.equal([]))

	/** Runs for a span of time; a failure shows the smallest input that brings it about, and the seed. */
	const forAWhile = <T>(inputs: fc.Arbitrary<T>, check: (input: T) => Promise<void>, round: number) =>
		fc.assert(
			fc.asyncProperty(inputs, async input => {
				await check(input)
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

	const anyCall = () => {
		const { input, id, hostileText } = arbitraries
		const each = (Object.values(endpoints) as Endpoint[]).map(endpoint =>
			fc.record({
				endpoint: fc.constant(endpoint),
				params: fc.tuple(id, id),
				query: input(endpoint.query),
				body: input(endpoint.body),
				caller: fc.constantFrom(...callers),
				key: fc.oneof(fc.constant(undefined), fc.uuid(), hostileText),
			}),
		)
		return fc.oneof(...each)
	}

	/** Headers and addresses can carry only so much; the rest is for the body. */
	const inHeader = (text: string) => /^[\x20-\x7e]*$/.test(text)
	const inAddress = (value: unknown) =>
		encodeURIComponent(Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toString())

	type Call = { endpoint: Endpoint; params: string[]; query: unknown; body: unknown; caller: Person | undefined; key: string | undefined }
	const makeCall = async ({ endpoint, params, query, body, caller, key }: Call) => {
		const values = [...params]
		const path = endpoint.path.replace(/:\w+/g, () => inAddress(values.shift() || '0'))
		const parameters = Object.entries(typeof query === 'object' && query ? query : { q: query })
		const text = parameters.map(([name, value]) => `${inAddress(name)}=${inAddress(value)}`).join('&')
		const answer = await call(node, endpoint.method.toUpperCase(), `${path}?${text}`, {
			...(caller && { token: caller.token }),
			...(endpoint.method !== 'get' && body !== undefined && { body: JSON.stringify(body) ?? 'null' }),
			...(key && inHeader(key) && { key }),
		})
		expectAnswer(endpoint, answer)
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
			const { ok: _, ...body } = answer
			const { error } = clientEvents[event as ClientEventName].ack.safeParse(body)
			expect(error?.message, JSON.stringify(body).slice(0, 500)).to.equal(undefined)
		} else {
			expect(answer.error.code, JSON.stringify(answer)).to.be.oneOf([...refusalCodes])
			expect(answer.error.code).not.to.equal('internal')
		}
	}

	it('is answered or refused, whatever it is: no fault of ours, no crash, no memory that is not given back', async () => {
		const heap: number[] = []
		for (let round = 0; round < rounds; round++) {
			await forAWhile(anyCall(), makeCall, round)
			const sockets = await Promise.all(callers.map(caller => aSocket(node, caller?.token).catch(() => aSocket(node))))
			await forAWhile(anyEvent(), ({ event, payload, from }) => emit(sockets[from % sockets.length] as Client, event, payload), round)
			closeSockets()
			const noise = fc.record({ talks: fc.array(conversation, { minLength: 1, maxLength: 6 }), abrupt: fc.boolean(), request: polling })
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
		const [first = 0, ...later] = heap
		expect(Math.max(...later) - first, `live bytes after each round: ${heap.join(', ')}`).to.be.below(maxGrowthBytes)
	})

	it('leaves a server behind that books as before', async () => {
		const [patient, fresh] = [await aPatient(node), await aDoctor(node)]
		const [first, second] = await someSlots(node, fresh.id, { count: 2, from: hoursAhead(48) })
		const socket = await aSocket(node, patient.token)
		ok(await socket.emitWithAck('slot:hold', { slotId: first! }))
		ok(await socket.emitWithAck('appointment:book', { slotId: first!, idempotencyKey: randomUUID() }))
		expect((await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId: second } })).status).to.equal(201)
		expect((await fetch(`${node.url}/readyz`)).status).to.equal(200)
	})
})
