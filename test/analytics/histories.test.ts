import { expect } from 'chai'
import type { HistoryItem, VanishedVisit } from '../../contract/index.ts'
import { book as bookAs, cancel, done, hold, release, reschedule, setStatus, slotsOf, useDesk } from '../booking/desk.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

describe('the history', () => {
	const { node, desk, doctor, patient } = useDesk()

	const history = async (path: string, by: Person = desk): Promise<HistoryItem[]> =>
		done<{ items: HistoryItem[] }>(await call(node, 'GET', `/${path}/history`, { token: by.token })).items
	const linesOf = (items: HistoryItem[]) => items.map(({ what, by, patientName }) => [what, by?.name, by?.role, patientName])

	/** Waits until the holds of the last moment are written. */
	async function holdsWritten(slot: string, count: number) {
		await waitFor(
			async () => (await history(`slots/${slot}`)).filter(({ what }) => what !== 'booked').length >= count,
			'holds in the history',
		)
	}

	it('of a slot says who held it and released it', async () => {
		const [first] = await slotsOf(node, doctor, { count: 2 })
		const other = await aPatient(node)
		done(await hold(node, patient, first))
		await release(node, patient, first)
		done(await hold(node, other, first))
		await holdsWritten(first, 3)
		expect(linesOf(await history(`slots/${first}`))).to.deep.equal([
			['held', patient.fullName, 'patient', undefined],
			['released', patient.fullName, 'patient', undefined],
			['held', other.fullName, 'patient', undefined],
		])
	})

	it('of a slot counts a renewed hold once, and forgets holds after thirty days', async () => {
		const [slot] = await slotsOf(node, doctor)
		for (let i = 0; i < 3; i++) done(await hold(node, desk, slot))
		await holdsWritten(slot, 1)
		await new Promise(resolve => setTimeout(resolve, 1200))
		expect(linesOf(await history(`slots/${slot}`))).to.deep.equal([['held', desk.fullName, 'receptionist', undefined]])
		await node
			.db('hold_history')
			.where({ doctor_id: doctor.id })
			.update({ at: node.db.raw(`now() - interval '31 days'`) })
		expect(await history(`slots/${slot}`)).to.deep.equal([])
	})

	it('of a slot names the visit that came, left and was cancelled, at both places of a move', async () => {
		const [first, second] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		const { id } = done(await bookAs(node, desk, first, { patientId: patient.id }))
		done(await reschedule(node, desk, id, second))
		done(await cancel(node, doctor, id, { reason: 'is away' }))
		const [ofFirst, ofSecond] = [await history(`slots/${first}`), await history(`slots/${second}`)]
		expect(linesOf(ofFirst)).to.deep.equal([
			['booked', desk.fullName, 'receptionist', patient.fullName],
			['moved', desk.fullName, 'receptionist', patient.fullName],
		])
		expect(linesOf(ofSecond)).to.deep.equal([
			['moved', desk.fullName, 'receptionist', patient.fullName],
			['cancelled', doctor.fullName, 'doctor', patient.fullName],
		])
		expect(ofSecond[1]?.reason).to.equal('is away')
		const minute = (slot: string) => new Date(Number(slot.split('-')[1]) * 60_000).toISOString()
		expect(ofFirst[1]).to.deep.include({ appointmentId: id })
		expect(ofFirst[1]?.from).to.deep.include({ doctorId: doctor.id, doctorName: doctor.fullName, startsAt: minute(first) })
		expect(ofFirst[1]?.to).to.deep.include({ startsAt: minute(second) })
	})

	it('of a slot has the time off that blocked it, also after its end', async () => {
		const [slot] = await slotsOf(node, doctor)
		const startsAt = new Date(Number(slot.split('-')[1]) * 60_000).toISOString()
		const endsAt = new Date(Date.parse(startsAt) + 3_600_000).toISOString()
		const off = done<{ id: string }>(
			await call(node, 'POST', `/doctors/${doctor.id}/time-off`, { token: desk.token, body: { startsAt, endsAt } }),
		)
		await call(node, 'DELETE', `/doctors/${doctor.id}/time-off/${off.id}`, { token: doctor.token })
		expect(linesOf(await history(`slots/${slot}`))).to.deep.equal([
			['blocked', desk.fullName, 'receptionist', undefined],
			['unblocked', doctor.fullName, 'doctor', undefined],
		])
	})

	it('of a visit has its holds, moves, statuses and messages, and nothing of others', async () => {
		const [first, second] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		done(await hold(node, patient, first))
		await holdsWritten(first, 1)
		const { id } = done(await bookAs(node, patient, first))
		done(await reschedule(node, desk, id, second))
		done(await setStatus(node, doctor, id, 'checked_in'))
		const items = await history(`appointments/${id}`, doctor)
		expect(items.filter(({ what }) => what !== 'message').map(({ what, by }) => [what, by?.role])).to.deep.equal([
			['held', 'patient'],
			['booked', 'patient'],
			['moved', 'receptionist'],
			['checked_in', 'doctor'],
		])
		const messages = items.flatMap(({ message }) => message ?? [])
		expect(messages.map(({ kind }) => kind)).to.include.members(['booked', 'rescheduled', 'reminder'])
	})

	it('is refused to other doctors, and for what does not exist', async () => {
		const [slot] = await slotsOf(node, doctor)
		const { id } = done(await bookAs(node, patient, slot))
		const other = await aDoctor(node)
		const codes = async (path: string, by: Person) => (await call(node, 'GET', path, { token: by.token })).body.code
		expect(await codes(`/slots/${slot}/history`, other)).to.equal('forbidden')
		expect(await codes(`/appointments/${id}/history`, other)).to.equal('not_found')
		for (const path of ['/slots/nonsense/history', '/slots/999999999-28000000/history', '/appointments/0/history'])
			expect(await codes(path, desk), path).to.equal('not_found')
	})
})

describe('the history of a hold', () => {
	const node = useNode({ HOLD_SECONDS: '1' })

	it('says when it expired', async () => {
		const [doctor, patient, desk] = [await aDoctor(node), await aPatient(node), await aReceptionist(node)]
		const [slot] = await slotsOf(node, doctor)
		done(await hold(node, patient, slot))
		const read = async () => done<{ items: HistoryItem[] }>(await call(node, 'GET', `/slots/${slot}/history`, { token: desk.token })).items
		await waitFor(async () => (await read()).length === 2, 'the end of the hold')
		const items = await read()
		expect(items.map(({ what, by }) => [what, by?.name])).to.deep.equal([
			['held', patient.fullName],
			['expired', patient.fullName],
		])
		expect(Date.parse(items[1]!.at) - Date.parse(items[0]!.at)).to.be.within(500, 3000)
	})
})

describe('visits that vanished from a day', () => {
	const { node, desk, doctor, patient } = useDesk()

	const vanished = async (slot: string, by: Person = desk, of: Person = doctor): Promise<VanishedVisit[]> => {
		const date = new Date(Number(slot.split('-')[1]) * 60_000).toISOString().slice(0, 10)
		return done<{ items: VanishedVisit[] }>(await call(node, 'GET', `/vanished-visits?date=${date}&doctorId=${of.id}`, { token: by.token }))
			.items
	}

	it('show who cancelled or moved them, when, why and where to', async () => {
		const [first, second, third] = (await slotsOf(node, doctor, { count: 3, minutes: 15 })) as [string, string, string]
		const elsewhere = await aDoctor(node)
		const [target] = await slotsOf(node, elsewhere)
		const cancelled = done(await bookAs(node, patient, first))
		done(await cancel(node, patient, cancelled.id, { reason: 'no time' }))
		const moved = done(await bookAs(node, desk, second, { patientId: patient.id }))
		done(await reschedule(node, desk, moved.id, target))
		done(await bookAs(node, patient, third))
		const shown = await vanished(first)
		expect(shown.map(({ what, patientName, by, reason }) => [what, patientName, by?.role, reason])).to.deep.equal([
			['cancelled', patient.fullName, 'patient', 'no time'],
			['moved', patient.fullName, 'receptionist', undefined],
		])
		expect(shown[1]).to.deep.include({ appointmentId: moved.id, doctorId: doctor.id })
		expect(shown[1]?.to).to.deep.include({ doctorId: elsewhere.id, doctorName: elsewhere.fullName })
	})

	it('leave out a visit that came back', async () => {
		const [first, second] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		const { id } = done(await bookAs(node, desk, first, { patientId: patient.id }))
		done(await reschedule(node, desk, id, second))
		done(await reschedule(node, desk, id, first))
		expect((await vanished(first)).map(({ startsAt }) => Date.parse(startsAt) / 60_000)).to.deep.equal([Number(second.split('-')[1])])
	})
})
