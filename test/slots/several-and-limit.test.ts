import { expect } from 'chai'
import { aType, hoursAhead, someSlots, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { aDoctor, aPatient, aReceptionist } from '../support/people.ts'
import { aRecorder } from '../support/recorder.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket } from '../support/watcher.ts'
import { useCalendar } from './a-calendar.ts'

describe('holding a slot', () => {
	const { node, other, doctor, slots, aHolder, hold, notHeld, release, book, listed, expectStates } = useCalendar()

	describe('for an appointment of several slots', () => {
		let threeSlots: string
		let twoSlots: string
		before(async () => {
			;[twoSlots, threeSlots] = [await aType(node, 60), await aType(node, 75)]
		})

		it('takes all of them, and releases all of them, whichever is named', async () => {
			const holder = await aHolder()
			for (const named of [0, 1, 2]) {
				const placed = await hold(holder, slots[1]!, threeSlots)
				expect(placed).to.deep.include({ slotId: slots[1], slotIds: slots.slice(1, 4) })
				await expectStates('fhhh')
				await release(holder, slots[1 + named]!)
				await expectStates('')
			}
		})

		it('takes none when one of them is held, booked or blocked, or the day ends', async () => {
			const asker = await aHolder()
			await hold(await aHolder(), slots[1]!)
			await book(await aHolder(), slots[5]!)
			await node
				.db('appointment_slots')
				.where({ doctor_id: doctor.id, starts_at: new Date(hoursAhead(24).getTime() + 9 * 1_800_000) })
				.update({ is_blocked: true })
			for (const [first, code] of [
				[0, 'slot_held'],
				[3, 'slot_booked'],
				[7, 'slot_blocked'],
				[12, 'slot_blocked'],
			] as const) {
				const error = await notHeld(asker, slots[first]!, threeSlots)
				expect(error.code, `from slot ${first}`).to.equal(code)
				// From 2, 6 and 10 on, three slots are free, which every offer must have.
				expect(error.alternatives?.map(offer => slots.indexOf(offer.id)).sort((a, b) => a - b)).to.deep.equal([2, 6, 10, 11])
			}
			await expectStates('fhfffbfffb')
		})

		it('gives overlapping requests to one of their callers', async () => {
			const sockets = await Promise.all(Array.from({ length: 20 }, () => aHolder()))
			for (let round = 0; round < 5; round++) {
				const answers = await Promise.all(
					sockets.map((socket, index) => socket.emitWithAck('slot:hold', { slotId: slots[4 + (index % 3)]!, typeId: threeSlots })),
				)
				const winners = answers.flatMap(answer => (answer.ok ? [answer.hold] : []))
				expect(winners).to.have.length(1)
				expect((await listed()).filter(slot => slot.state === 'held').map(slot => slot.id)).to.deep.equal(winners[0]!.slotIds)
				await release(sockets[answers.findIndex(answer => answer.ok)]!, winners[0]!.slotId)
			}
		})

		it('frees the rest when renewed for a shorter appointment, and takes more for a longer one', async () => {
			const holder = await aHolder()
			await hold(holder, slots[1]!, threeSlots)
			expect((await hold(holder, slots[1]!)).slotIds).to.deep.equal([slots[1]])
			await expectStates('fh')
			await hold(holder, slots[1]!, twoSlots)
			await expectStates('fhh')
			await hold(holder, slots[2]!, twoSlots)
			await expectStates('ffhh')
		})

		it('keeps the shorter hold when the longer one is refused', async () => {
			const [holder, rival] = [await aHolder(), await aHolder()]
			await hold(holder, slots[1]!)
			await hold(rival, slots[2]!)
			expect((await notHeld(holder, slots[1]!, twoSlots)).code).to.equal('slot_held')
			await expectStates('fhh')
			await release(holder, slots[1]!)
			await expectStates('ffh')
		})

		it('publishes all of them together', async () => {
			const recorder = aRecorder(await aSocket(other), doctor.id, soon())
			await recorder.watch()
			const holder = await aHolder()
			await hold(holder, slots[1]!, threeSlots)
			await hold(holder, slots[1]!, twoSlots)
			await release(holder, slots[2]!)
			await recorder.agrees(node)
			expect(
				recorder
					.frames()
					.flatMap(frame => frame.changes)
					.map(change => `${slots.indexOf(change.id)}${change.state[0]}`),
			).to.deep.equal([...['1h', '2h', '3h'], ...['3f', '1h', '2h'], ...['1f', '2f']])
		})
	})

	describe('the limit of holds', () => {
		it('is five for a patient, over all doctors, nodes and transports, however fast the requests', async () => {
			const patient = await aPatient(node)
			const sockets = [await aSocket(node, patient.token), await aSocket(other, patient.token)]
			const [elsewhere] = await someSlots(node, (await aDoctor(node)).id)
			const answers = await Promise.all(
				[...slots.slice(0, 9), elsewhere!].map((slotId, index) => sockets[index % 2]!.emitWithAck('slot:hold', { slotId })),
			)
			expect(answers.filter(answer => answer.ok)).to.have.length(5)
			for (const answer of answers) if (!answer.ok) expect(answer.error.code).to.equal('hold_limit')
			const sixth = await call(node, 'POST', `/slots/${slots[10]}/hold`, { token: patient.token, body: {} })
			expect([sixth.status, sixth.body.code]).to.deep.equal([429, 'hold_limit'])
			const held = answers.flatMap(answer => (answer.ok ? [answer.hold.slotId] : []))
			await hold(sockets[0]!, held[0]!)
		})

		it('is twenty for staff', async () => {
			const socket = await aSocket(node, (await aReceptionist(node)).token)
			const many = await someSlots(node, (await aDoctor(node)).id, { count: 21 })
			for (const slotId of many.slice(0, 20)) await hold(socket, slotId)
			expect((await notHeld(socket, many[20]!)).code).to.equal('hold_limit')
		})

		it('has room again after a release, over either transport', async () => {
			const patient = await aPatient(node)
			const socket = await aSocket(node, patient.token)
			for (let round = 0; round < 3; round++) {
				for (const slotId of slots.slice(0, 5)) await hold(socket, slotId)
				expect((await notHeld(socket, slots[5]!)).code).to.equal('hold_limit')
				for (const slotId of slots.slice(0, 5)) await call(other, 'DELETE', `/slots/${slotId}/hold`, { token: patient.token })
			}
			await expectStates('')
		})

		it('has room again after a held slot is booked', async () => {
			const socket = await aHolder()
			for (const slotId of slots.slice(0, 5)) await hold(socket, slotId)
			for (const slotId of slots.slice(0, 5)) await book(socket, slotId)
			await waitFor(async () => (await socket.emitWithAck('slot:hold', { slotId: slots[5]! })).ok, 'room for another hold', 2000)
			for (const slotId of slots.slice(6, 10)) await hold(socket, slotId)
		})

		it('has room again after a hold of several slots is released by any of them', async () => {
			const [socket, typeId] = [await aHolder(), await aType(node, 60)]
			for (let round = 0; round < 5; round++) {
				await hold(socket, slots[0]!, typeId)
				await release(socket, slots[1]!)
			}
			for (const slotId of slots.slice(2, 7)) await hold(socket, slotId)
		})

		it('has room again after a hold was replaced by another of the same holder', async () => {
			const [socket, typeId] = [await aHolder(), await aType(node, 60)]
			for (const slotId of slots.slice(0, 4)) await hold(socket, slotId, typeId)
			await expectStates('fffhh')
			for (const slotId of slots.slice(5, 8)) await hold(socket, slotId)
			expect((await notHeld(socket, slots[9]!)).code).to.equal('hold_limit')
		})

		it('counts slots, not holds', async () => {
			const [socket, typeId] = [await aHolder(), await aType(node, 60)]
			await hold(socket, slots[0]!, typeId)
			await hold(socket, slots[2]!, typeId)
			expect((await notHeld(socket, slots[4]!, typeId)).code).to.equal('hold_limit')
			await hold(socket, slots[4]!)
			expect((await notHeld(socket, slots[5]!)).code).to.equal('hold_limit')
			await expectStates('hhhhh')
		})

		it('lets one appointment have as many slots as it needs, when nothing else is held', async () => {
			const [socket, typeId] = [await aHolder(), await aType(node, 210)]
			await hold(socket, slots[8]!)
			expect((await notHeld(socket, slots[0]!, typeId)).code).to.equal('hold_limit')
			await release(socket, slots[8]!)
			expect((await hold(socket, slots[0]!, typeId)).slotIds).to.have.length(7)
			await hold(socket, slots[0]!, typeId)
			expect((await notHeld(socket, slots[8]!)).code).to.equal('hold_limit')
		})

		/** The slots that one patient holds, without other patients' slots. */
		const heldBy = async (token: string) => (await listed(token)).filter(slot => slot.heldByMe).map(slot => slots.indexOf(slot.id))

		it('cannot be evaded by releasing a slot and holding it again at the same time', async () => {
			const patient = await aPatient(node)
			const sockets = [await aSocket(node, patient.token), await aSocket(other, patient.token)] as const
			for (const slotId of slots) {
				for (let round = 0; round < 4 && (await sockets[0].emitWithAck('slot:hold', { slotId })).ok; round++)
					await Promise.all([
						sockets[0].emitWithAck('slot:release', { slotId }),
						sockets[1].emitWithAck('slot:hold', { slotId }),
						sockets[1].emitWithAck('slot:hold', { slotId }),
					])
			}
			const held = await heldBy(patient.token)
			expect(held.length).to.be.within(1, 5)
			// No slot is counted that is not held, either.
			for (const index of held) await release(sockets[0], slots[index]!)
			for (const slotId of slots.slice(0, 5)) await hold(sockets[1], slotId)
			expect(await heldBy(patient.token)).to.deep.equal([0, 1, 2, 3, 4])
		})

		it('cannot be evaded by a long hold that is refused and a short one at the same time', async () => {
			const [patient, typeId, rival] = [await aPatient(node), await aType(node, 60), await aSocket(node, (await aReceptionist(node)).token)]
			const sockets = [await aSocket(node, patient.token), await aSocket(other, patient.token)] as const
			for (let index = 1; index < slots.length; index += 2) await hold(rival, slots[index]!)
			for (let index = 0; index < slots.length; index += 2) {
				const slotId = slots[index]!
				await Promise.all([
					sockets[0].emitWithAck('slot:hold', { slotId, typeId }),
					sockets[1].emitWithAck('slot:hold', { slotId }),
					sockets[0].emitWithAck('slot:hold', { slotId, typeId }),
				])
			}
			expect(await heldBy(patient.token)).to.have.length(5)
		})

		it('counts the rest of a long hold that was booked only in part', async () => {
			const [socket, typeId] = [await aHolder(), await aType(node, 90)]
			await hold(socket, slots[0]!, typeId)
			await book(socket, slots[0]!)
			await expectStates('bhh')
			for (const slotId of slots.slice(4, 7)) await hold(socket, slotId)
			expect((await notHeld(socket, slots[8]!)).code).to.equal('hold_limit')
		})
	})
})
