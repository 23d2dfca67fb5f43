import { once } from 'node:events'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { io } from 'socket.io-client'
import type { Ack } from '../../contract/index.ts'
import { floods } from '../../server/limits.ts'
import { createLimiters } from '../../server/platform/security/rate-limit.ts'
import { aWire, type Wire } from '../platform/a-wire.ts'
import { someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { useNodes } from '../support/nodes.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { freshStores } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

const settings = { RATE_LIMIT: 'on', TRUST_PROXY: '1' }
const outcomeOf = <T>(answer: Ack<T>) => (answer.ok ? 'ok' : answer.error.code)

let nextAddress = 1
/** An address without earlier requests. */
const anAddress = () => `10.7.${Math.floor(nextAddress / 250)}.${(nextAddress++ % 250) + 1}`
const from = (address: string) => ({ 'x-forwarded-for': address })

describe('a flood', () => {
	const node = useNode(settings)
	let redis: Redis
	before(() => {
		redis = new Redis(node.redisUrl)
	})
	after(() => void redis.disconnect())

	const opened: { disconnect(): void }[] = []
	afterEach(() => {
		for (const each of opened.splice(0)) each.disconnect()
	})

	/** Consumes points as a flood on another node would, until a number of points before the limit. */
	const flooded = (rule: keyof typeof floods, key: string, left = 0) => {
		const limiter = createLimiters({ redis, enabled: true })(floods[rule])
		return limiter.consume(key, floods[rule].points - left)
	}

	const socketFrom = (address: string, token?: string) => {
		const socket = io(node.url, {
			transports: ['websocket'],
			extraHeaders: from(address),
			auth: token ? { token } : {},
			forceNew: true,
			reconnection: false,
		})
		opened.push(socket)
		return socket
	}
	const connected = async (address: string, token?: string) => {
		const socket = socketFrom(address, token)
		await once(socket as never, 'connect')
		return socket
	}
	const me = ({ token }: Person, address: string) => call(node, 'GET', '/me', { token, headers: from(address) })

	it('of requests by one account is refused from any address, while other accounts go on', async () => {
		const [loud, quiet, address] = [await aPatient(node), await aPatient(node), anAddress()]
		await flooded('requests', loud.id, 1)
		expect((await me(loud, address)).status).to.equal(200)
		for (const each of [address, anAddress()]) {
			const refused = await me(loud, each)
			expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate_limited'])
			expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 10)
		}
		expect((await me(quiet, address)).status).to.equal(200)
	})

	it('of requests from one address is refused with any account or invalid token', async () => {
		const [patient, address] = [await aPatient(node), anAddress()]
		await flooded('requestsByAddress', address)
		expect((await me(patient, address)).status).to.equal(429)
		expect((await me({ ...patient, token: 'made.up.token' }, address)).status).to.equal(429)
		expect((await call(node, 'GET', '/doctors', { headers: from(address) })).status).to.equal(429)
		expect((await me(patient, anAddress())).status).to.equal(200)
	})

	it('from many addresses of one IPv6 subscriber counts as one', async () => {
		await flooded('requests', '2001:db8:1:2::/64')
		const status = async (address: string) => (await call(node, 'GET', '/doctors', { headers: from(address) })).status
		expect([await status('2001:db8:1:2::1'), await status('2001:db8:1:2:ffff::9'), await status('2001:db8:1:3::1')]).to.deep.equal([
			429, 429, 200,
		])
	})

	it('of events by one account is refused on all of its sockets', async () => {
		const [loud, quiet] = [await aPatient(node), await aPatient(node)]
		await flooded('events', loud.id)
		for (const [person, outcome] of [
			[loud, 'rate_limited'],
			[loud, 'rate_limited'],
			[quiet, 'ok'],
		] as const) {
			const socket = await connected(anAddress(), person.token)
			expect(outcomeOf(await socket.emitWithAck('calendar:unwatch', { doctorId: '1' }))).to.equal(outcome)
		}
	})

	it('of events without an account is refused by address', async () => {
		const address = anAddress()
		await flooded('eventsByAddress', address)
		const ask = async (socket: ReturnType<typeof io>) => outcomeOf(await socket.emitWithAck('calendar:unwatch', { doctorId: '1' }))
		expect(await ask(await connected(address))).to.equal('rate_limited')
		expect(await ask(await connected(address, (await aPatient(node)).token)), 'whoever has an account').to.equal('ok')
		expect(await ask(await connected(anAddress()))).to.equal('ok')
	})

	it('of events on one socket is refused before it uses up its account’s limit', async () => {
		const { token } = await aPatient(node)
		const [loud, quiet] = [await connected(anAddress(), token), await connected(anAddress(), token)]
		const answers = await Promise.all(Array.from({ length: 600 }, () => loud.emitWithAck('calendar:unwatch', { doctorId: '1' })))
		const passed = answers.filter(({ ok }) => ok).length
		expect(passed, 'a burst of 300, and what came in meanwhile').to.be.within(300, 550)
		expect(outcomeOf(await quiet.emitWithAck('calendar:unwatch', { doctorId: '1' }))).to.equal('ok')
	})

	it('of connections is refused by address, before the node stores anything for them', async () => {
		const address = anAddress()
		await flooded('arrivals', address, 1)
		await connected(address)
		await once(socketFrom(address) as never, 'connect_error')
		await connected(anAddress())
	})

	it('of holds from one address is refused with any number of accounts, over sockets and HTTP alike', async () => {
		const doctor = await aDoctor(node)
		const slots = await someSlots(node, doctor.id, { count: 6 })
		const [ada, bea, address] = [await aPatient(node), await aPatient(node), anAddress()]
		const overSocket = async ({ token }: Person, at: string) =>
			outcomeOf(await (await connected(at, token)).emitWithAck('slot:hold', { slotId: slots.pop() }))
		const overHttp = async ({ token }: Person, at: string) =>
			(await call(node, 'POST', `/slots/${slots.pop()}/hold`, { token, body: {}, headers: from(at) })).status
		expect(await overSocket(ada, address)).to.equal('ok')
		// The node uses up the points that it has drawn for this address first.
		await flooded('holdsByAddress', address, 10)
		const again = async () => outcomeOf(await (await connected(address, ada.token)).emitWithAck('slot:hold', { slotId: slots[0] }))
		for (let renewed = 0; renewed < 9; renewed++) expect(await again()).to.equal('ok')
		expect([await overSocket(bea, address), await overHttp(bea, address)]).to.deep.equal(['rate_limited', 429])
		expect([await overSocket(bea, anAddress()), await overHttp(ada, anAddress())]).to.deep.equal(['ok', 201])
	})

	describe('a flood of long answers', function () {
		this.timeout(60_000)
		let doctor: Person
		let slots: string[]
		/** Denser than any clinic's calendar: a slot every five minutes, day and night. */
		before(async () => {
			doctor = await aDoctor(node)
			slots = await someSlots(node, doctor.id, { count: 8000, minutes: 5 })
		})

		const week = () => {
			const date = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
			return { from: date(2), to: date(8) }
		}
		const read = async (address: string, { from: first, to } = soon()) => {
			const answer = await fetch(`${node.url}/api/v1/doctors/${doctor.id}/slots?from=${first}&to=${to}`, { headers: from(address) })
			return { status: answer.status, bytes: answer.ok ? (await answer.arrayBuffer()).byteLength : 0 }
		}
		const sum = (answers: { bytes: number }[]) => answers.reduce((total, { bytes }) => total + bytes, 0)

		it('is stopped by the bytes that one address has read, over HTTP and sockets, while its holds and other addresses go on', async () => {
			const [address, patient] = [anAddress(), await aPatient(node)]
			const answers = await Promise.all(Array.from({ length: 80 }, () => read(address)))
			expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200, 429]))
			const most = Math.max(...answers.map(({ bytes }) => bytes))
			const limit = floods.answers.points * 1000
			expect(sum(answers)).to.be.within(limit - most, limit + 10 * most)

			const socket = await connected(address)
			expect(outcomeOf(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...week() }))).to.equal('rate_limited')
			const holder = await connected(address, patient.token)
			expect(outcomeOf(await holder.emitWithAck('slot:hold', { slotId: slots[7] }))).to.equal('ok')
			expect((await read(anAddress())).status).to.equal(200)
		})

		it('does not include a desk that opens the week of forty doctors on three screens at once', async () => {
			const [address, receptionist] = [anAddress(), await aReceptionist(node)]
			const open = async () => {
				const socket = await connected(address, receptionist.token)
				const watch = () => socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...week() })
				return await Promise.all(Array.from({ length: 40 }, watch))
			}
			const screens = await Promise.all([open(), open(), open()])
			expect(new Set(screens.flat().map(outcomeOf))).to.deep.equal(new Set(['ok']))
		})
	})
})

describe('a node without Redis', function () {
	this.timeout(60_000)
	let wire: Wire
	let drop = async () => {}
	before(async () => {
		const stores = await freshStores()
		drop = stores.drop
		wire = await aWire(stores.redisUrl)
	})
	const [node] = useNodes(1, settings, { redisUrl: () => wire.url })
	after(async () => {
		await wire.stop()
		await drop()
	})

	it('still limits password guesses and reset mails', async () => {
		const patient = await aPatient(node!)
		await wire.cut()
		await waitFor(async () => (await fetch(`${node!.url}/readyz`)).status === 503, 'Redis to be missed')
		const headers = from(anAddress())
		const guess = async (password: string) =>
			(await call(node!, 'POST', '/auth/login', { body: { email: patient.email, password }, headers })).status
		const guesses: number[] = []
		for (let tries = 0; tries < 12; tries++) guesses.push(await guess('a wrong guess'))
		expect(guesses).to.deep.equal([...Array(10).fill(401), 429, 429])
		expect(await guess(patient.password), 'the right one comes too late').to.equal(429)

		const forget = async (index: number) =>
			(await call(node!, 'POST', '/auth/forgot-password', { body: { email: `p${index}@example.com` }, headers })).status
		const letters: number[] = []
		for (let tries = 0; tries < 32; tries++) letters.push(await forget(tries))
		expect(letters).to.deep.equal([...Array(30).fill(202), 429, 429])
		expect((await call(node!, 'GET', '/doctors', { headers: from(anAddress()) })).status, 'others').to.equal(200)

		await wire.mend()
		await waitFor(async () => (await fetch(`${node!.url}/readyz`)).status === 200, 'Redis to be back')
	})
})
