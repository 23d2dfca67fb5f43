import { expect } from 'chai'
import type { Slot } from '../../contract/index.ts'
import { aType, hoursAhead, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, ok } from '../support/watcher.ts'
import { ackCode, book, bookLive, cancel, codeOf, done, hold, minutesLater, receivedBy, slotsOf, somePatients, useDesk } from './desk.ts'

describe('booking beside others', () => {
	const { node, desk, doctor, patient } = useDesk()
	let half: string
	before(async () => {
		half = await aType(node, 30)
	})

	describe('a booking of a held slot', () => {
		it('succeeds for its holder, and ends the hold', async () => {
			const [slot] = await slotsOf(node, doctor)
			const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
			done(await hold(node, patient, slot))
			expect(done(await book(node, patient, slot)).slotIds).to.deep.equal([slot])
			await waitFor(() => watcher.stateOf(slot) === 'booked', 'the slot is booked')
			expect(codeOf(await call(node, 'DELETE', `/slots/${slot}/hold`, { token: patient.token }))).to.equal('hold_expired')
		})

		it('removes the hold from the holder’s count', async () => {
			const slots = await slotsOf(node, doctor, { count: 12 })
			for (const slot of slots.slice(0, 10)) {
				done(await hold(node, patient, slot))
				done(await book(node, patient, slot))
			}
			for (const slot of slots.slice(10)) done(await hold(node, patient, slot))
		})

		it('is refused to other patients and staff until the hold is released', async () => {
			const slots = await slotsOf(node, doctor, { count: 3, minutes: 15 })
			const holder = await aPatient(node)
			done(await hold(node, holder, slots[1] as string))
			const answer = await book(node, patient, slots[1] as string)
			expect(codeOf(answer)).to.equal('slot_held')
			expect(answer.body.alternatives.map((each: Slot) => each.id)).to.deep.equal([slots[0], slots[2]])
			expect(codeOf(await book(node, desk, slots[1] as string, { patientId: patient.id }))).to.equal('slot_held')
			expect(codeOf(await book(node, patient, slots[0], { typeId: half })), 'a run into a held slot').to.equal('slot_held')
			await call(node, 'DELETE', `/slots/${slots[1]}/hold`, { token: holder.token })
			expect(codeOf(await book(node, patient, slots[1] as string))).to.equal('ok')
		})

		it('succeeds for staff when their patient has the hold, and ends the hold', async () => {
			const [slot, other] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
			const holder = await aPatient(node)
			done(await hold(node, holder, slot))
			expect(codeOf(await book(node, desk, slot, { patientId: patient.id })), 'for another patient').to.equal('slot_held')
			expect(codeOf(await book(node, desk, slot, { patientId: holder.id }))).to.equal('ok')
			expect(codeOf(await call(node, 'DELETE', `/slots/${slot}/hold`, { token: holder.token }))).to.equal('hold_expired')
			// Two at once form one batch, whose slots are claimed by a separate script.
			done(await hold(node, holder, other))
			const answers = await Promise.all([book(node, desk, other, { patientId: patient.id }), book(node, patient, other)])
			expect(answers.map(codeOf)).to.deep.equal(['slot_held', 'slot_held'])
		})

		it('succeeds for staff who have the hold themselves', async () => {
			const [slot] = await slotsOf(node, doctor)
			done(await hold(node, desk, slot))
			expect(codeOf(await book(node, patient, slot))).to.equal('slot_held')
			expect(codeOf(await book(node, desk, slot, { patientId: patient.id }))).to.equal('ok')
		})
	})

	describe('bookings of one patient at one time', () => {
		it('succeed with one doctor only', async () => {
			const from = hoursAhead(30)
			const other = await aDoctor(node)
			const [here] = await slotsOf(node, doctor, { from, minutes: 30 })
			const there = await slotsOf(node, other, { from: minutesLater(from, -15), count: 4, minutes: 15 })
			done(await book(node, patient, here))
			expect(codeOf(await book(node, patient, there[0]))).to.equal('ok')
			expect(codeOf(await book(node, patient, there[1] as string))).to.equal('patient_overlap')
			expect(codeOf(await book(node, desk, there[2] as string, { patientId: patient.id }))).to.equal('patient_overlap')
			expect(codeOf(await book(node, patient, there[3] as string))).to.equal('ok')
			expect(codeOf(await book(node, await aPatient(node), there[1] as string)), 'somebody else').to.equal('ok')
		})

		it('succeed again after the first is cancelled', async () => {
			const other = await aDoctor(node)
			const [here] = await slotsOf(node, doctor)
			const [there] = await slotsOf(node, other)
			const appointment = done(await book(node, patient, here))
			expect(codeOf(await book(node, patient, there))).to.equal('patient_overlap')
			done(await cancel(node, patient, appointment.id))
			expect(codeOf(await book(node, patient, there))).to.equal('ok')
		})

		it('have exactly one winner among many sockets and many doctors at once', async () => {
			const doctors = [doctor, await aDoctor(node), await aDoctor(node), await aDoctor(node)]
			const rounds = 8
			const from = hoursAhead(40)
			const calendars: string[][] = []
			for (const [index, each] of doctors.entries()) {
				// The slots are in the same hour but begin at different minutes.
				calendars.push(await slotsOf(node, each, { from: minutesLater(from, index * 5), count: rounds, minutes: 60 }))
			}
			const sockets = []
			for (let i = 0; i < 12; i++) sockets.push(await aSocket(node, patient.token))
			let taken = 0
			for (let round = 0; round < rounds; round += 2) {
				const answers = await Promise.all(
					sockets.map((socket, index) => bookLive(socket, calendars[index % doctors.length]?.[round] as string)),
				)
				const codes = answers.map(ackCode)
				expect(
					codes.filter(code => code === 'ok'),
					codes.join(' '),
				).to.have.length(1)
				for (const code of codes) expect(code).to.be.oneOf(['ok', 'patient_overlap', 'slot_booked'])
				taken++
			}
			expect(await node.db('appointments').where({ patient_id: patient.id })).to.have.length(taken)
		})
	})

	describe('the effects of a booking', () => {
		it('reach watchers after the booking is in the database', async () => {
			const slots = await slotsOf(node, doctor, { count: 12 })
			const socket = await aSocket(node)
			const early: string[] = []
			const looks: Promise<void>[] = []
			socket.on('calendar:changed', ({ changes }) => {
				for (const { id, state } of changes) {
					if (state !== 'booked') continue
					const look = node
						.db('appointments')
						.where({ doctor_id: doctor.id, status: 'booked' })
						.then(rows => {
							const starts = rows.flatMap(row => row.slot_starts.map((start: Date) => `${doctor.id}-${start.getTime() / 60_000}`))
							if (!starts.includes(id)) early.push(id)
						})
					looks.push(look)
				}
			})
			ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
			const patients = await somePatients(node, slots.length)
			await Promise.all(slots.map((slot, index) => book(node, patients[index] as Person, slot)))
			await waitFor(() => looks.length === slots.length, 'every booking is told')
			await Promise.all(looks)
			expect(early).to.deep.equal([])
		})

		it('reach the patient, the doctor and staff, and no other account', async () => {
			const [slot] = await slotsOf(node, doctor)
			const admin = await anAdmin(node)
			const stranger = await aPatient(node)
			const colleague = await aDoctor(node)
			const listeners = { patient, doctor, desk, admin, stranger, colleague, visitor: undefined }
			const heard: Record<string, ReturnType<typeof receivedBy>> = {}
			for (const [name, person] of Object.entries(listeners)) {
				const socket = await aSocket(node, person?.token)
				if (name !== 'patient') ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
				heard[name] = receivedBy(socket)
			}
			const appointment = done(await book(node, patient, slot, { reason: 'private' }))
			const told = ['patient', 'doctor', 'desk', 'admin']
			await waitFor(() => told.every(name => heard[name]?.length), 'those concerned hear')
			for (const name of told) expect(heard[name], name).to.deep.equal([{ appointment, change: 'booked' }])
			// Messages that were sent before the answer to a later request would have arrived by then.
			done(await cancel(node, patient, appointment.id))
			await waitFor(() => told.every(name => heard[name]?.length === 2), 'those concerned hear again')
			for (const name of ['stranger', 'colleague', 'visitor']) expect(heard[name], name).to.deep.equal([])
		})

		it('show names to staff and the doctor only', async () => {
			const [slot] = await slotsOf(node, doctor)
			const watchers = {
				desk: await aWatcher(await aSocket(node, desk.token), doctor.id, soon()),
				doctor: await aWatcher(await aSocket(node, doctor.token), doctor.id, soon()),
				patient: await aWatcher(await aSocket(node, patient.token), doctor.id, soon()),
				colleague: await aWatcher(await aSocket(node, (await aDoctor(node)).token), doctor.id, soon()),
				visitor: await aWatcher(await aSocket(node), doctor.id, soon()),
			}
			const { id } = done(await book(node, patient, slot, { reason: 'private' }))
			await waitFor(() => Object.values(watchers).every(watcher => watcher.stateOf(slot) === 'booked'), 'all see it')
			const seen = { id, patientName: patient.fullName, status: 'booked' }
			expect(watchers.desk.picture.get(slot)?.appointment).to.deep.equal(seen)
			expect(watchers.doctor.picture.get(slot)?.appointment).to.deep.equal(seen)
			for (const name of ['patient', 'colleague', 'visitor'] as const) {
				expect(watchers[name].picture.get(slot), name).to.have.all.keys('id', 'doctorId', 'startsAt', 'endsAt', 'state')
			}
		})
	})
})
