import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { guestLimits } from '../../server/slots/guest-holds.ts'
import { aType, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, closeSockets, ok } from '../support/watcher.ts'

describe('a hold without an account', () => {
	const node = useNode({ TRUST_PROXY: '1', HOLD_SECONDS: '30', RATE_LIMIT: 'on' })
	let doctor: Person
	let slots: string[]
	beforeEach(async () => {
		doctor = await aDoctor(node)
		slots = await someSlots(node, doctor.id, { count: 40 })
	})
	afterEach(closeSockets)

	let nextAddress = 1
	const anAddress = () => `10.9.${Math.floor(nextAddress / 250)}.${(nextAddress++ % 250) + 1}`
	const place = async (
		slotId: string,
		{ typeId, cookie, address = anAddress() }: { typeId?: string; cookie?: string; address?: string } = {},
	) => {
		const headers = { 'content-type': 'application/json', 'x-forwarded-for': address, ...(cookie && { cookie }) }
		const body = JSON.stringify({ slotId, ...(typeId && { typeId }) })
		const answer = await fetch(`${node.url}/api/v1/guest-holds`, { method: 'POST', headers, body })
		const set = answer.headers.getSetCookie()[0]
		return { status: answer.status, set, cookie: set?.split(';')[0] ?? cookie, body: (await answer.json()) as any }
	}
	const claim = (person: Person, guestToken: string) => call(node, 'POST', '/me/claim-hold', { token: person.token, body: { guestToken } })
	const release = (guestToken: string) => call(node, 'DELETE', '/guest-holds', { body: { guestToken } })
	const listed = async (token?: string) => {
		const { from, to } = soon()
		return (await call(node, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`, { token })).body.slots as {
			id: string
			state: string
			heldByMe?: true
			heldBy?: unknown
		}[]
	}
	const held = async (token?: string) => (await listed(token)).filter(({ state }) => state === 'held')

	it('keeps all slots of a kind of appointment from others for a while, and then frees them', async () => {
		const typeId = await aType(node, 60)
		const before = Date.now()
		const { status, set, body } = await place(slots[0]!, { typeId })
		expect(status).to.equal(201)
		expect(body.hold).to.deep.include({ slotId: slots[0], slotIds: slots.slice(0, 2), doctorId: doctor.id })
		expect(Date.parse(body.hold.expiresAt) - before).to.be.within(25_000, 35_000)
		expect(set)
			.to.match(/HttpOnly/)
			.and.to.match(/SameSite=Strict/)
		expect((await held()).map(({ id }) => id)).to.deep.equal(slots.slice(0, 2))
		const patient = await aPatient(node)
		const refused = await call(node, 'POST', `/slots/${slots[0]}/hold`, { token: patient.token, body: {} })
		expect([refused.status, refused.body.code]).to.deep.equal([409, 'slot_held'])
		expect((await place(slots[1]!)).body.code).to.equal('slot_held')
		expect((await release(body.guestToken)).status).to.equal(204)
		expect(await held()).to.deep.equal([])
		expect((await release(body.guestToken)).body.code).to.equal('hold_expired')
	})

	it('shows staff that a guest has the slot, and the public only that it is held', async () => {
		await place(slots[0]!)
		expect((await held((await aReceptionist(node)).token))[0]?.heldBy).to.deep.equal({ name: 'Guest', role: 'patient' })
		expect((await held())[0]).to.not.have.any.keys('heldBy', 'holderId')
	})

	it('is handed over with its time to the account that claims it, once, and is then booked', async () => {
		const typeId = await aType(node, 60)
		const { body } = await place(slots[0]!, { typeId })
		const [patient, other] = [await aPatient(node), await aPatient(node)]
		const claimed = await claim(patient, body.guestToken)
		expect([claimed.status, claimed.body.hold]).to.deep.equal([200, body.hold])
		expect((await held(patient.token)).map(({ id, heldByMe }) => [id, heldByMe])).to.deep.equal([
			[slots[0], true],
			[slots[1], true],
		])
		expect((await claim(patient, body.guestToken)).body.hold, 'after a lost answer').to.deep.equal(body.hold)
		expect((await claim(other, body.guestToken)).body.code).to.equal('hold_expired')
		expect((await release(body.guestToken)).body.code).to.equal('hold_expired')
		const booked = await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId: slots[0], typeId } })
		expect(booked.status).to.equal(201)
	})

	it('counts for the account that claims it', async () => {
		const { body } = await place(slots[0]!)
		const patient = await aPatient(node)
		const socket = await aSocket(node, patient.token)
		for (const slotId of slots.slice(1, 6)) ok(await socket.emitWithAck('slot:hold', { slotId }))
		expect((await claim(patient, body.guestToken)).body.code).to.equal('hold_limit')
		ok(await socket.emitWithAck('slot:release', { slotId: slots[1]! }))
		expect((await claim(patient, body.guestToken)).status).to.equal(200)
		const more = await socket.emitWithAck('slot:hold', { slotId: slots[6]! })
		expect(more.ok).to.equal(false)
	})

	it('goes to one of two accounts that claim it at the same moment', async () => {
		const people = await Promise.all(Array.from({ length: 6 }, () => aPatient(node)))
		for (const slotId of slots.slice(0, 4)) {
			const { body } = await place(slotId)
			const answers = await Promise.all(people.map(person => claim(person, body.guestToken)))
			expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
			for (const { status, body } of answers) if (status !== 200) expect(body.code).to.equal('hold_expired')
		}
	})

	it('is one a browser: another replaces it, and a second tap keeps it as it is', async () => {
		const address = anAddress()
		const first = await place(slots[0]!, { address })
		const { cookie } = first
		const again = await place(slots[0]!, { address, ...(cookie && { cookie }) })
		expect(again.body.hold, 'not prolonged').to.deep.equal(first.body.hold)
		await Promise.all(slots.slice(1, 6).map(slotId => place(slotId, { address, ...(cookie && { cookie }) })))
		await waitFor(async () => (await held()).length <= 1, 'one hold at most')
		const last = await place(slots[7]!, { address, ...(cookie && { cookie }) })
		expect(last.status).to.equal(201)
		expect((await held()).map(({ id }) => id)).to.deep.equal([slots[7]])
	})

	it('is refused at a slot that was no slot, is booked, or has begun, like any hold', async () => {
		expect((await place('7')).status).to.equal(404)
		const patient = await aPatient(node)
		await call(node, 'POST', '/appointments', { token: patient.token, body: { slotId: slots[0] } })
		const booked = await place(slots[0]!)
		expect(booked.body.code).to.equal('slot_booked')
		expect(booked.body.alternatives).to.have.length(5)
	})

	it('does not let a socket without an account hold', async () => {
		const answer = await (await aSocket(node)).emitWithAck('slot:hold', { slotId: slots[0]! })
		expect(answer).to.deep.include({ ok: false })
	})

	it('is refused for tokens that are forged, cut off, or none', async () => {
		const { body, cookie } = await place(slots[0]!)
		const patient = await aPatient(node)
		const [text] = body.guestToken.split('.')
		for (const token of ['x', `${text}.`, `${text}.${'A'.repeat(43)}`, cookie!.split('=')[1]!]) {
			expect((await claim(patient, token)).body.code, token).to.equal('hold_expired')
			expect((await release(token)).body.code, token).to.equal('hold_expired')
		}
		expect((await call(node, 'DELETE', '/guest-holds', { body: {} })).body.code).to.equal('invalid_input')
		const byHeader = await call(node, 'DELETE', '/guest-holds', { headers: { 'guest-token': body.guestToken } })
		expect(byHeader.status).to.equal(204)
	})

	it('cannot be hoarded by one address', async () => {
		const [address, second] = [anAddress(), await aDoctor(node)]
		const all = [...slots.slice(0, 7), ...(await someSlots(node, second.id, { count: 7 }))]
		const answers = await Promise.all(all.map(slotId => place(slotId, { address })))
		expect(answers.filter(({ status }) => status === 201)).to.have.length(guestLimits.slotsPerNetwork)
		for (const { status, body } of answers) if (status !== 201) expect([status, body.code]).to.deep.equal([429, 'hold_limit'])
		expect((await place(all.at(-1)!, { address: anAddress() })).status).to.be.oneOf([201, 409])
	})

	it('cannot keep a slot for long, however many browsers take turns', async () => {
		for (let turn = 0; turn < guestLimits.holdsPerSlot; turn++) {
			const { status, body } = await place(slots[0]!)
			expect(status).to.equal(201)
			await release(body.guestToken)
		}
		const refused = await place(slots[0]!)
		expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate_limited'])
		const patient = await aPatient(node)
		expect((await call(node, 'POST', `/slots/${slots[0]}/hold`, { token: patient.token, body: {} })).status).to.equal(201)
	})

	it('of which 10,000 are attempted from many addresses, leaves the clinic bookable', async function () {
		this.timeout(300_000)
		const doctors = await Promise.all(Array.from({ length: 16 }, () => aDoctor(node)))
		const calendars = await Promise.all(doctors.map(({ id }) => someSlots(node, id, { count: 40 })))
		const outcomes = new Map<string, number>()
		let attempt = 0
		const attacker = async () => {
			while (attempt < 10_000) {
				const at = attempt++
				const { status, body } = await place(calendars[at % 16]![Math.floor(at / 16) % 40]!)
				const outcome = status === 201 ? 'held' : body.code
				outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
			}
		}
		await Promise.all(Array.from({ length: 40 }, attacker))
		expect(outcomes.get('internal')).to.equal(undefined)
		expect([...outcomes.values()].reduce((a, b) => a + b)).to.equal(10_000)
		const { from, to } = soon()
		let inAll = 0
		for (const { id } of doctors) {
			const { slots } = (await call(node, 'GET', `/doctors/${id}/slots?from=${from}&to=${to}`)).body
			const held = slots.filter((slot: { state: string }) => slot.state === 'held').length
			expect(held, 'of one doctor').to.be.at.most(guestLimits.slotsPerDoctor)
			inAll += held
		}
		expect(inAll).to.be.within(1, guestLimits.slotsInAll)
		for (const [index, { id }] of doctors.entries()) {
			const { slots } = (await call(node, 'GET', `/doctors/${id}/slots?from=${from}&to=${to}`)).body
			const free = slots.find((slot: { state: string }) => slot.state === 'free')
			const patient = await aPatient(node)
			const body = { slotId: free.id }
			const headers = { 'idempotency-key': randomUUID() }
			const booked = await call(node, 'POST', '/appointments', { token: patient.token, body, headers })
			expect(booked.status, `with doctor ${index}`).to.equal(201)
		}
	})
})
