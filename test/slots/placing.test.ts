import { expect } from 'chai'
import type { Hold } from '../../contract/index.ts'
import { hoursAhead, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist } from '../support/people.ts'
import { aSocket, refused } from '../support/watcher.ts'
import { useCalendar } from './a-calendar.ts'

describe('holding a slot', () => {
	const { node, other, doctor, slots, aHolder, hold, notHeld, release, book, listed, expectStates } = useCalendar()

	describe('placing and releasing', () => {
		it('returns the hold, and publishes it with its end', async () => {
			const began = Date.now()
			const placed = await hold(await aHolder(), slots[2]!)
			expect(placed).to.deep.equal({ slotId: slots[2], slotIds: [slots[2]], doctorId: doctor.id, expiresAt: placed.expiresAt })
			expect(Date.parse(placed.expiresAt) - began).to.be.within(119_000, 125_000)
			expect((await listed())[2]).to.include({ state: 'held', heldUntil: placed.expiresAt })
			await expectStates('ffh')
		})

		it('lasts longer for staff', async () => {
			for (const { token } of [await aReceptionist(node), await anAdmin(node)]) {
				const placed = await hold(await aSocket(node, token), slots.pop()!)
				expect(Date.parse(placed.expiresAt) - Date.now()).to.be.within(290_000, 301_000)
			}
		})

		it('works alike over HTTP and over a socket', async () => {
			const patient = await aPatient(node)
			const socket = await aSocket(other, patient.token)
			const { status, body } = await call<Hold>(node, 'POST', `/slots/${slots[0]}/hold`, { token: patient.token, body: {} })
			expect(status).to.equal(201)
			expect(body).to.have.all.keys('slotId', 'slotIds', 'doctorId', 'expiresAt')
			expect((await notHeld(await aHolder(), slots[0]!)).code).to.equal('slot_held')
			expect(await hold(socket, slots[0]!)).to.have.property('slotId', slots[0])
			await release(socket, slots[0]!)
			await expectStates('')
			await hold(socket, slots[1]!)
			expect((await call(node, 'DELETE', `/slots/${slots[1]}/hold`, { token: patient.token })).status).to.equal(204)
			await expectStates('')
			const again = await call(node, 'DELETE', `/slots/${slots[1]}/hold`, { token: patient.token })
			expect([again.status, again.body.code]).to.deep.equal([409, 'hold_expired'])
		})

		it('can be released once, and by its holder only', async () => {
			const [holder, stranger] = [await aHolder(), await aHolder(other)]
			await hold(holder, slots[0]!)
			expect(refused(await stranger.emitWithAck('slot:release', { slotId: slots[0]! })).code).to.equal('hold_expired')
			await expectStates('h')
			await release(holder, slots[0]!)
			await expectStates('')
			expect(refused(await holder.emitWithAck('slot:release', { slotId: slots[0]! })).code).to.equal('hold_expired')
			await hold(stranger, slots[0]!)
			expect(refused(await holder.emitWithAck('slot:release', { slotId: slots[0]! })).code).to.equal('hold_expired')
			await expectStates('h')
		})

		it('requires an account with the right', async () => {
			const pending = await aDoctor(node, { status: 'pending' })
			const cases = [
				[undefined, 'unauthenticated', 401],
				[pending.token, 'account_pending', 403],
			] as const
			for (const [token, code, status] of cases) {
				const socket = await aSocket(node, token)
				expect((await notHeld(socket, slots[0]!)).code).to.equal(code)
				expect(refused(await socket.emitWithAck('slot:release', { slotId: slots[0]! })).code).to.equal(code)
				expect(await call(node, 'POST', `/slots/${slots[0]}/hold`, { ...(token && { token }), body: {} })).to.deep.include({ status })
			}
			await expectStates('')
		})

		it('succeeds for exactly one of fifty concurrent callers', async () => {
			const sockets = await Promise.all(Array.from({ length: 50 }, (_, index) => aHolder(index % 2 ? node : other)))
			for (const slotId of slots.slice(0, 8)) {
				const answers = await Promise.all(sockets.map(socket => socket.emitWithAck('slot:hold', { slotId })))
				expect(answers.filter(answer => answer.ok)).to.have.length(1)
				for (const answer of answers) if (!answer.ok) expect(answer.error.code).to.equal('slot_held')
				await release(sockets[answers.findIndex(answer => answer.ok)]!, slotId)
			}
		})
	})

	describe('a refused hold', () => {
		it('names a slot that another account holds, and offers the nearest free slots', async () => {
			const [holder, booker, asker] = [await aHolder(), await aHolder(), await aHolder(other)]
			await hold(holder, slots[6]!)
			await hold(holder, slots[5]!)
			await book(booker, slots[7]!)
			const { code, alternatives } = await notHeld(asker, slots[6]!)
			expect(code).to.equal('slot_held')
			expect(alternatives?.map(offer => slots.indexOf(offer.id))).to.deep.equal([4, 8, 3, 9, 2])
			const free = new Map((await listed()).filter(slot => slot.state === 'free').map(slot => [slot.id, slot]))
			for (const offer of alternatives!) expect(offer).to.deep.equal(free.get(offer.id))
			for (const offer of alternatives!) await hold(asker, offer.id)
		})

		it('names a booked, blocked, past or missing slot', async () => {
			const asker = await aHolder()
			await book(await aHolder(), slots[0]!)
			await node
				.db('appointment_slots')
				.where({ doctor_id: doctor.id, starts_at: new Date(hoursAhead(24).getTime() + 1_800_000) })
				.update({ is_blocked: true })
			const [past] = await someSlots(node, doctor.id, { from: hoursAhead(-2) })
			for (const [slotId, code] of [
				[slots[0], 'slot_booked'],
				[slots[1], 'slot_blocked'],
				[past, 'slot_in_past'],
			] as const) {
				const error = await notHeld(asker, slotId!)
				expect(error.code).to.equal(code)
				expect(error.alternatives?.length, code).to.equal(5)
				for (const offer of error.alternatives!) expect(slots.slice(2)).to.include(offer.id)
				expect((await call(other, 'POST', `/slots/${slotId}/hold`, { token: (await aPatient(node)).token, body: {} })).body).to.include({
					code,
					status: 409,
				})
			}
			const unknown = [
				'nonsense',
				'1-2-3',
				`${doctor.id}-1`,
				`${slots[3]}9`,
				'999999-29842560',
				'99999999999999999999-29842560',
				'-1',
				`${doctor.id}-0029842560`,
			]
			for (const slotId of unknown) expect((await notHeld(asker, slotId)).code, slotId).to.equal('not_found')
			expect((await notHeld(asker, slots[2]!, '999999')).code).to.equal('not_found')
			expect((await notHeld(asker, slots[2]!, 'x')).code).to.equal('not_found')
			for (const payload of [undefined, {}, { slotId: '' }, { slotId: 7 }, { slotId: slots[2], typeId: {} }, null, []]) {
				expect(refused(await asker.emitWithAck('slot:hold', payload as never)).code).to.equal('invalid_input')
			}
			expect((await listed()).filter(slot => slot.state === 'held')).to.deep.equal([])
		})

		it('names a slot of an inactive doctor, and offers none of that doctor’s slots', async () => {
			const gone = await aDoctor(node, { status: 'disabled' })
			const [slotId] = await someSlots(node, gone.id, { count: 6 })
			const error = await notHeld(await aHolder(), slotId!)
			expect(error.code).to.be.oneOf(['slot_blocked', 'not_found'])
			expect(error.alternatives ?? []).to.deep.equal([])
		})

		it('does not count against the limit', async () => {
			const [holder, asker] = [await aHolder(), await aHolder()]
			for (const slotId of slots.slice(0, 3)) await hold(holder, slotId)
			for (let i = 0; i < 4; i++) for (const slotId of slots.slice(0, 3)) expect((await notHeld(asker, slotId)).code).to.equal('slot_held')
			for (const slotId of slots.slice(3, 8)) await hold(asker, slotId)
		})
	})
})
