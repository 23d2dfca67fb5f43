import { expect } from 'chai'
import type { Slot } from '../../contract/index.ts'
import { hoursAhead, soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { aSocket, aWatcher } from '../support/watcher.ts'
import { aVisitBeside, decider, morning } from './decider.ts'
import { book, bookLive, cancel, codeOf, done, hold, receivedBy, reschedule, setStatus, slotsOf, somePatients, useDesk } from './desk.ts'

type Policy = 'nobody' | 'staff' | 'doctors_and_staff'

describe('a visit beside slots', () => {
	const { node, desk, doctor, patient } = useDesk()
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})
	const allow = async (overbooking: Policy) => {
		done(await call(node, 'PATCH', '/clinic', { token: admin.token, body: { policy: { overbooking } } }))
	}
	beforeEach(() => allow('staff'))

	type Extra = { startsAt?: Date; minutes?: number; key?: string; patientId?: string; doctorId?: string }
	const bookExtra = (by: Person, { startsAt = hoursAhead(24), key, ...rest }: Extra = {}) =>
		call(node, 'POST', '/appointments', {
			token: by.token,
			body: {
				doctorId: doctor.id,
				startsAt: startsAt.toISOString(),
				minutes: 20,
				patientId: patient.id,
				extra: { reason: 'In pain' },
				...rest,
			},
			...(key && { key }),
		})
	const slotOf = async (by: Person | undefined, slotId: string): Promise<Slot> => {
		const { from, to } = soon()
		const { body } = await call(node, 'GET', `/doctors/${doctor.id}/slots?from=${from}&to=${to}`, by && { token: by.token })
		return body.slots.find(({ id }: Slot) => id === slotId)
	}

	it('lies on top of a booked slot, says who allowed it and why, and takes no slot', async () => {
		const [slotId] = await slotsOf(node, doctor)
		const other = await aPatient(node)
		const regular = done(await book(node, other, slotId))
		const extra = done(await bookExtra(desk, { startsAt: new Date(regular.startsAt) }))
		expect(extra).to.deep.include({ kind: 'extra', extraReason: 'In pain', allowedBy: desk.id, slotIds: [], status: 'booked' })
		expect(Date.parse(extra.endsAt) - Date.parse(extra.startsAt)).to.equal(20 * 60_000)
		expect(regular.kind).to.equal('slot')
		expect((await slotOf(undefined, slotId)).state).to.equal('booked')
	})

	it('is shown to staff and the doctor on every slot that it covers, live and in snapshots, and never to others', async () => {
		const [first, second, third] = await slotsOf(node, doctor, { count: 3, minutes: 15 })
		const [staff, ownDoctor, stranger] = [
			await aWatcher(await aSocket(node, desk.token), doctor.id, soon()),
			await aWatcher(await aSocket(node, doctor.token), doctor.id, soon()),
			await aWatcher(await aSocket(node), doctor.id, soon()),
		]
		const { startsAt } = await slotOf(desk, first)
		const extra = done(await bookExtra(desk, { startsAt: new Date(startsAt) }))
		const shown = [{ id: extra.id, status: 'booked', patientName: patient.fullName }]
		for (const watcher of [staff, ownDoctor]) {
			await waitFor(() => watcher.picture.get(second as string)?.alsoBooked !== undefined, 'the slot to show it')
			expect(watcher.picture.get(first)?.alsoBooked).to.deep.equal(shown)
			expect(watcher.picture.get(second as string)?.alsoBooked).to.deep.equal(shown)
			expect(watcher.picture.get(third as string)?.alsoBooked).to.equal(undefined)
		}
		expect((await slotOf(desk, second as string)).alsoBooked).to.deep.equal(shown)
		expect(JSON.stringify([...stranger.picture.values()])).to.not.include('alsoBooked')
		expect((await slotOf(patient, first)).alsoBooked).to.equal(undefined)

		// A hold, and its end, keep what is shown beside.
		const holder = await aPatient(node)
		done(await hold(node, holder, first))
		await waitFor(() => staff.stateOf(first) === 'held', 'the hold')
		expect(staff.picture.get(first)?.alsoBooked).to.deep.equal(shown)
		await call(node, 'DELETE', `/slots/${first}/hold`, { token: holder.token })
		await waitFor(() => staff.stateOf(first) === 'free', 'the end of the hold')
		expect(staff.picture.get(first)?.alsoBooked).to.deep.equal(shown)

		done(await setStatus(node, desk, extra.id, 'checked_in'))
		await waitFor(() => staff.picture.get(first)?.alsoBooked?.[0]?.status === 'checked_in', 'its status')
		done(await cancel(node, desk, extra.id))
		await waitFor(() => staff.picture.get(first)?.alsoBooked === undefined, 'its end')
	})

	for (const [policy, may] of [
		['nobody', { staff: false, doctor: false }],
		['staff', { staff: true, doctor: false }],
		['doctors_and_staff', { staff: true, doctor: true }],
	] as const)
		it(`is allowed as the clinic’s policy says: ${policy}`, async () => {
			await allow(policy)
			// A node remembers the policy for a second.
			await waitFor(async () => (codeOf(await bookExtra(desk, { startsAt: hoursAhead(30) })) === 'ok') === may.staff, 'the policy')
			expect(codeOf(await bookExtra(doctor, { startsAt: hoursAhead(40) }))).to.equal(may.doctor ? 'ok' : 'forbidden')
			expect(codeOf(await bookExtra(await aDoctor(node)))).to.equal('forbidden')
			expect(codeOf(await bookExtra(patient))).to.equal('forbidden')
		})

	it('never overlaps another visit of the same patient', async () => {
		const [slotId] = await slotsOf(node, doctor)
		const regular = done(await book(node, patient, slotId))
		expect(codeOf(await bookExtra(desk, { startsAt: new Date(regular.startsAt) }))).to.equal('patient_overlap')
		const elsewhere = await aDoctor(node)
		expect(codeOf(await bookExtra(desk, { startsAt: new Date(regular.startsAt), doctorId: elsewhere.id }))).to.equal('patient_overlap')
	})

	it('is one of fifty that want the same patient at the same time, at two doctors', async () => {
		const other = await aDoctor(node)
		const answers = await Promise.all(
			Array.from({ length: 50 }, (_, index) => bookExtra(desk, { doctorId: index % 2 ? other.id : doctor.id })),
		)
		expect(answers.map(codeOf).sort()).to.deep.equal(['ok', ...Array(49).fill('patient_overlap')])
	})

	it('is one of many that want the same patient now, whether extra visits or walk-ins, at two doctors', async () => {
		const other = await aDoctor(node)
		const now = () => new Date(Math.floor(Date.now() / 60_000) * 60_000)
		const answers = await Promise.all(
			Array.from({ length: 20 }, (_, index) => {
				const doctorId = index % 2 ? other.id : doctor.id
				if (index % 4 < 2) return bookExtra(desk, { doctorId, startsAt: now() })
				return call(node, 'POST', '/walk-ins', { token: desk.token, body: { doctorId, patientId: patient.id } })
			}),
		)
		expect(answers.map(codeOf).sort()).to.deep.equal(['ok', ...Array(19).fill('patient_overlap')])
	})

	it('races with bookings of the slots beneath: both are there', async () => {
		const patients = await somePatients(node, 6)
		const slots = await slotsOf(node, doctor, { count: 3 })
		const { startsAt } = await slotOf(desk, slots[0])
		const answers = await Promise.all([
			...slots.map((slotId, index) => book(node, patients[index]!, slotId)),
			...patients.slice(3).map(each => bookExtra(desk, { startsAt: new Date(startsAt), patientId: each.id })),
		])
		expect(answers.map(codeOf)).to.deep.equal(Array(6).fill('ok'))
	})

	it('is repeated safely with the same key', async () => {
		const [first, second] = [await bookExtra(desk, { key: 'one' }), await bookExtra(desk, { key: 'one' })]
		expect(done(second).id).to.equal(done(first).id)
		expect(codeOf(await bookExtra(desk, { key: 'one', minutes: 25 }))).to.equal('idempotency_mismatch')
	})

	it('moves into a slot, and is a visit like any other then', async () => {
		const [slotId] = await slotsOf(node, doctor, { from: hoursAhead(48) })
		const extra = done(await bookExtra(desk))
		const moved = done(await reschedule(node, desk, extra.id, slotId))
		expect(moved).to.deep.include({ kind: 'slot', slotIds: [slotId] })
		expect((await slotOf(undefined, slotId)).state).to.equal('booked')
		const back = done(await call(node, 'POST', `/appointments/${extra.id}/undo`, { token: desk.token }))
		expect(back).to.deep.include({ kind: 'extra', slotIds: [], startsAt: extra.startsAt })
		expect((await slotOf(undefined, slotId)).state).to.equal('free')
	})

	it('is announced to the patient, the doctor and staff, and booked over a socket, too', async () => {
		const socket = await aSocket(node, desk.token)
		const heard = receivedBy(await aSocket(node, patient.token))
		const ack = await bookLive(
			socket,
			undefined as never,
			{
				doctorId: doctor.id,
				startsAt: hoursAhead(26).toISOString(),
				patientId: patient.id,
				extra: { reason: 'In pain' },
			} as never,
		)
		expect(ack.ok).to.equal(true)
		await waitFor(() => heard.length === 1, 'the news')
		expect(heard[0]).to.deep.include({ change: 'booked' })
	})

	it('says what a request lacks', async () => {
		const body = { patientId: patient.id, extra: { reason: 'In pain' } }
		const lacking = await call(node, 'POST', '/appointments', { token: desk.token, body })
		expect(lacking.body.errors.map(({ path }: { path: string }) => path)).to.deep.equal(['doctorId', 'startsAt'])
		const neither = await call(node, 'POST', '/appointments', { token: desk.token, body: { patientId: patient.id } })
		expect(neither.body.errors[0].path).to.equal('slotId')
		expect(codeOf(await bookExtra(desk, { startsAt: hoursAhead(-3) }))).to.equal('slot_in_past')
	})

	it('cannot be written without who allowed it and why', async () => {
		const row = {
			doctor_id: doctor.id,
			patient_id: patient.id,
			type_id: (await node.db('appointment_types').first('id')).id,
			starts_at: hoursAhead(24),
			ends_at: hoursAhead(25),
			slot_starts: [],
			booked_by: desk.id,
			idempotency_key: 'by hand',
		}
		for (const lacking of [{ kind: 'extra' }, { kind: 'extra', allowed_by: desk.id }, { kind: 'walk_in' }]) {
			const written = await node
				.db('appointments')
				.insert({ ...row, ...lacking })
				.then(
					() => 'written',
					(error: { constraint: string }) => error.constraint,
				)
			expect(written).to.equal('appointments_exceptions_explained')
		}
	})
})

describe('a slot that has begun', () => {
	const { node, desk, doctor, patient } = useDesk()

	it('can be held and booked by staff until it ends, and is over for patients', async () => {
		const began = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 5 * 60_000)
		const [slotId] = await slotsOf(node, doctor, { from: began, minutes: 30 })
		const stranger = await aWatcher(await aSocket(node), doctor.id, soon())
		const staff = await aWatcher(await aSocket(node, desk.token), doctor.id, soon())
		expect([stranger.stateOf(slotId), staff.stateOf(slotId)]).to.deep.equal(['blocked', 'free'])
		expect(codeOf(await book(node, patient, slotId))).to.equal('slot_in_past')
		expect(codeOf(await hold(node, patient, slotId))).to.equal('slot_in_past')
		done(await hold(node, desk, slotId))
		await waitFor(() => staff.stateOf(slotId) === 'held', 'the hold')
		expect(stranger.stateOf(slotId)).to.equal('blocked')
		done(await book(node, desk, slotId, { patientId: patient.id }))
		await waitFor(() => stranger.stateOf(slotId) === 'booked', 'the booking')
	})

	it('is over for staff, too, once it has ended', async () => {
		const [slotId] = await slotsOf(node, doctor, { from: new Date(Math.floor(Date.now() / 60_000) * 60_000 - 40 * 60_000), minutes: 30 })
		expect(codeOf(await book(node, desk, slotId, { patientId: patient.id }))).to.equal('slot_in_past')
		expect(codeOf(await hold(node, desk, slotId))).to.equal('slot_in_past')
	})
})

describe('a doctor', () => {
	const { node, doctor, patient } = useDesk()

	it('books, moves and cancels in the own calendar, for any patient, and in no other', async () => {
		const other = await aDoctor(node)
		const [slotId, next] = await slotsOf(node, doctor, { count: 2 })
		const [foreign] = await slotsOf(node, other)
		const booked = done(await book(node, doctor, slotId, { patientId: patient.id }))
		expect(codeOf(await book(node, doctor, foreign, { patientId: patient.id }))).to.equal('forbidden')
		expect(codeOf(await reschedule(node, doctor, booked.id, foreign))).to.equal('forbidden')
		expect(codeOf(await reschedule(node, other, booked.id, foreign))).to.equal('not_found')
		expect(done(await reschedule(node, doctor, booked.id, next as string)).slotIds).to.deep.equal([next])
		expect(done(await cancel(node, doctor, booked.id)).status).to.equal('cancelled')
	})
})

describe('a limit of visits to come', () => {
	const { node, desk, doctor, patient } = useDesk()
	let admin: Person
	before(async () => {
		admin = await anAdmin(node)
	})
	const limitTo = (maxUpcomingPerPatient: number) =>
		call(node, 'PATCH', '/clinic', { token: admin.token, body: { policy: { maxUpcomingPerPatient } } })
	beforeEach(async () => {
		done(await limitTo(2))
		await new Promise(resolve => setTimeout(resolve, 1100))
	})

	it('binds patients, and not the desk', async () => {
		const slots = await slotsOf(node, doctor, { count: 4 })
		done(await book(node, patient, slots[0]))
		const second = done(await book(node, patient, slots[1] as string))
		expect(codeOf(await book(node, patient, slots[2] as string))).to.equal('upcoming_limit')
		done(await book(node, desk, slots[3] as string, { patientId: patient.id }))
		done(await cancel(node, patient, second.id))
		expect(codeOf(await book(node, patient, slots[2] as string)), 'the desk’s booking counts').to.equal('upcoming_limit')
	})

	it('holds for a patient who books at twenty doctors at once', async () => {
		const calendars = await Promise.all(
			Array.from({ length: 20 }, async (_, index) => {
				const each = await aDoctor(node)
				return (await slotsOf(node, each, { from: hoursAhead(24 + index) }))[0]
			}),
		)
		const answers = await Promise.all(calendars.map(slotId => book(node, patient, slotId)))
		expect(answers.map(codeOf).sort()).to.deep.equal(['ok', 'ok', ...Array(18).fill('upcoming_limit')].sort())
	})
})

describe('a booking that is written while its doctor is disabled or its kind archived', () => {
	const { node, doctor } = useDesk()

	it('either counts as a visit to come, or is refused', async () => {
		const admin = await anAdmin(node)
		for (let round = 0; round < 5; round++) {
			const each = await aDoctor(node)
			const [slotId] = await slotsOf(node, each)
			const made = await call(node, 'POST', '/appointment-types', {
				token: admin.token,
				body: { name: `Kind ${doctor.id}-${round}`, minutes: 15 },
			})
			const desk = await aReceptionist(node)
			const patients = await somePatients(node, 3)
			const [disabling, archiving, ...bookings] = await Promise.all([
				call(node, 'PATCH', `/admin/users/${each.id}`, { token: admin.token, body: { status: 'disabled' } }),
				call(node, 'PATCH', `/appointment-types/${made.body.id}`, { token: admin.token, body: { archived: true } }),
				...patients.map(({ id }) => book(node, desk, slotId, { patientId: id, typeId: made.body.id })),
			])
			const isBooked = bookings.some(answer => answer.status === 201)
			expect([codeOf(disabling!), codeOf(archiving!)].includes('ok') && isBooked, 'disabled or archived, and booked').to.equal(false)
		}
	})
})

describe('the rules of visits beside slots', () => {
	it('are asked about earlier visits of the same batch', () => {
		const decide = decider()
		expect(decide(aVisitBeside(0))?.do).to.equal('book-beside')
		expect(decide(aVisitBeside(10))).to.deep.equal({ do: 'refuse', code: 'patient_overlap' })
		expect(decide(aVisitBeside(15))?.do).to.equal('book-beside')
		expect(decide(aVisitBeside(10, { patientId: '51' }))?.do).to.equal('book-beside')
	})

	it('let a walk-in come whatever the policy, until it would be over', () => {
		const decide = decider({ overbooking: 'nobody', nowMs: (morning + 20) * 60_000 })
		expect(decide(aVisitBeside(10, { visit: 'walk_in' }))?.do).to.equal('book-beside')
		expect(decide(aVisitBeside(10, { patientId: '51' }))).to.deep.equal({ do: 'refuse', code: 'forbidden' })
		expect(decide(aVisitBeside(5, { visit: 'walk_in', patientId: '51' }))).to.deep.equal({ do: 'refuse', code: 'slot_in_past' })
	})
})
