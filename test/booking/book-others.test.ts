import { expect } from 'chai'
import type { Slot } from '../../contract/index.ts'
import { aType, hoursAhead, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher, ok } from '../support/watcher.ts'
import { slotsOf, useDesk } from './a-desk.ts'
import { ackCode, book, bookLive, cancel, codeOf, done, hold, minutesLater, newsOf, somePatients } from './desk.ts'

describe('booking', () => {
	const { node, desk, doctor, patient } = useDesk()
	let half: string
	before(async () => {
		half = await aType(node, 30)
	})

	describe('and holds', () => {
		it('takes a slot that one holds, and ends the hold', async () => {
			const [slot] = await slotsOf(node, doctor)
			const watcher = await aWatcher(await aSocket(node), doctor.id, soon())
			done(await hold(node, patient, slot))
			expect(done(await book(node, patient, slot)).slotIds).to.deep.equal([slot])
			await waitFor(() => watcher.stateOf(slot) === 'booked', 'the slot is booked')
			expect(codeOf(await call(node, 'DELETE', `/slots/${slot}/hold`, { token: patient.token }))).to.equal('hold_expired')
		})

		it('gives the place in the holder’s count back', async () => {
			const slots = await slotsOf(node, doctor, { count: 12 })
			for (const slot of slots.slice(0, 10)) {
				done(await hold(node, patient, slot))
				done(await book(node, patient, slot))
			}
			for (const slot of slots.slice(10)) done(await hold(node, patient, slot))
		})

		it('refuses a slot that somebody else holds, also to staff, until it is let go', async () => {
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

		it('lets staff book the slot for the patient who holds it, and ends the hold', async () => {
			const [slot, other] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
			const holder = await aPatient(node)
			done(await hold(node, holder, slot))
			expect(codeOf(await book(node, desk, slot, { patientId: patient.id })), 'for another patient').to.equal('slot_held')
			expect(codeOf(await book(node, desk, slot, { patientId: holder.id }))).to.equal('ok')
			expect(codeOf(await call(node, 'DELETE', `/slots/${slot}/hold`, { token: holder.token }))).to.equal('hold_expired')
			// Two at once are settled together, and the slots are claimed by a script of their own.
			done(await hold(node, holder, other))
			const answers = await Promise.all([book(node, desk, other, { patientId: patient.id }), book(node, patient, other)])
			expect(answers.map(codeOf)).to.deep.equal(['slot_held', 'slot_held'])
		})

		it('lets staff book for a patient what they hold themselves', async () => {
			const [slot] = await slotsOf(node, doctor)
			done(await hold(node, desk, slot))
			expect(codeOf(await book(node, patient, slot))).to.equal('slot_held')
			expect(codeOf(await book(node, desk, slot, { patientId: patient.id }))).to.equal('ok')
		})
	})

	describe('of one patient at one time', () => {
		it('is possible with one doctor only', async () => {
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

		it('is possible again when the first was cancelled', async () => {
			const other = await aDoctor(node)
			const [here] = await slotsOf(node, doctor)
			const [there] = await slotsOf(node, other)
			const appointment = done(await book(node, patient, here))
			expect(codeOf(await book(node, patient, there))).to.equal('patient_overlap')
			done(await cancel(node, patient, appointment.id))
			expect(codeOf(await book(node, patient, there))).to.equal('ok')
		})

		it('has exactly one winner when asked for from many sockets with many doctors at once', async () => {
			const doctors = [doctor, await aDoctor(node), await aDoctor(node), await aDoctor(node)]
			const rounds = 8
			const from = hoursAhead(40)
			const calendars: string[][] = []
			for (const [index, each] of doctors.entries()) {
				// Slots of the same hour that begin at different minutes.
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

	describe('is told', () => {
		it('to watchers when it is in the database already', async () => {
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

		it('to the patient, the doctor and staff, and to nobody else', async () => {
			const [slot] = await slotsOf(node, doctor)
			const admin = await anAdmin(node)
			const stranger = await aPatient(node)
			const colleague = await aDoctor(node)
			const listeners = { patient, doctor, desk, admin, stranger, colleague, nobody: undefined }
			const heard: Record<string, ReturnType<typeof newsOf>> = {}
			for (const [name, person] of Object.entries(listeners)) {
				const socket = await aSocket(node, person?.token)
				if (name !== 'patient') ok(await socket.emitWithAck('calendar:watch', { doctorId: doctor.id, ...soon() }))
				heard[name] = newsOf(socket)
			}
			const appointment = done(await book(node, patient, slot, { reason: 'private' }))
			const told = ['patient', 'doctor', 'desk', 'admin']
			await waitFor(() => told.every(name => heard[name]?.length), 'those concerned hear')
			for (const name of told) expect(heard[name], name).to.deep.equal([{ appointment, change: 'booked' }])
			// What was sent before the answer to a later request would have come by then.
			done(await cancel(node, patient, appointment.id))
			await waitFor(() => told.every(name => heard[name]?.length === 2), 'those concerned hear again')
			for (const name of ['stranger', 'colleague', 'nobody']) expect(heard[name], name).to.deep.equal([])
		})

		it('with names to staff and the doctor only', async () => {
			const [slot] = await slotsOf(node, doctor)
			const watchers = {
				desk: await aWatcher(await aSocket(node, desk.token), doctor.id, soon()),
				doctor: await aWatcher(await aSocket(node, doctor.token), doctor.id, soon()),
				patient: await aWatcher(await aSocket(node, patient.token), doctor.id, soon()),
				colleague: await aWatcher(await aSocket(node, (await aDoctor(node)).token), doctor.id, soon()),
				nobody: await aWatcher(await aSocket(node), doctor.id, soon()),
			}
			const { id } = done(await book(node, patient, slot, { reason: 'private' }))
			await waitFor(() => Object.values(watchers).every(watcher => watcher.stateOf(slot) === 'booked'), 'all see it')
			const seen = { id, patientName: patient.fullName, status: 'booked' }
			expect(watchers.desk.picture.get(slot)?.appointment).to.deep.equal(seen)
			expect(watchers.doctor.picture.get(slot)?.appointment).to.deep.equal(seen)
			for (const name of ['patient', 'colleague', 'nobody'] as const) {
				expect(watchers[name].picture.get(slot), name).to.have.all.keys('id', 'doctorId', 'startsAt', 'endsAt', 'state')
			}
		})
	})
})
