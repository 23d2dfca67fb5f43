import { expect } from 'chai'
import { slotId } from '../../server/slots/slot-id.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { anAppointment, everyDay, slotsOf, spans } from './support.ts'

const dayMs = 86_400_000
const midnight = Math.floor(Date.now() / dayMs + 2) * dayMs
const at = (day: number, hour: number) => new Date(midnight + day * dayMs + hour * 3_600_000)

describe('a preview', () => {
	const node = useNode({ SLOT_DAYS_AHEAD: '6' })
	let doctor: Person

	const hours = { timeZone: 'UTC', slotMinutes: 60, weekly: everyDay('08:00', '12:00') }
	const later = { timeZone: 'Asia/Kolkata', slotMinutes: 45, weekly: everyDay('10:00', '20:00'), validUntil: null }
	const send = (method: string, path: string, body: object = {}, token = doctor.token) =>
		call(node, method, `/doctors/${doctor.id}/${path}`, { token, body })
	const starts = async () => (await slotsOf(node.db, doctor.id)).map(slot => slot.starts_at.toISOString())

	async function everything() {
		return {
			slots: await slotsOf(node.db, doctor.id),
			schedule: (await call(node, 'GET', `/doctors/${doctor.id}/schedule`)).body,
			timeOff: (await call(node, 'GET', `/doctors/${doctor.id}/time-off`, { token: doctor.token })).body,
			// Leaves out reads, which the audit log records a moment later.
			facts: await node.db('audit_log').whereNotIn('action', ['listed', 'viewed']).count(),
		}
	}

	beforeEach(async () => {
		doctor = await aDoctor(node, { timeZone: 'UTC' })
		await send('PUT', 'schedule', hours)
		await send('POST', 'slots/generate')
	})

	describe('of weekly hours', () => {
		it('shows what saving and generating then do, slot by slot', async () => {
			await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(0, 9), endsAt: at(0, 10) })
			const off = await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(1, 8), endsAt: at(1, 9) })
			const early = { ...hours, slotMinutes: 30, weekly: everyDay('09:00', '12:30') }
			const preview = await send('POST', 'schedule/preview', early)
			expect(preview.status).to.equal(200)
			const before = await starts()
			await send('PUT', 'schedule', early)
			const { body: real } = await send('POST', 'slots/generate')
			const after = await starts()
			const { createdStarts, removedStarts, ...counts } = preview.body
			expect(counts).to.deep.equal(real)
			expect(counts.conflicts).to.deep.equal([off])
			const only = (some: string[], others: string[]) => some.filter(start => !others.includes(start))
			expect(createdStarts).to.have.length(real.created).and.to.include.members(only(after, before))
			expect(removedStarts).to.have.length(real.removed).and.to.include.members(only(before, after))
			expect(createdStarts).to.deep.equal(createdStarts.toSorted())
			expect(removedStarts).to.deep.equal(removedStarts.toSorted())
		})

		it('changes nothing and records nothing in the audit log', async () => {
			const before = await everything()
			await send('POST', 'schedule/preview', later)
			expect(await everything()).to.deep.equal(before)
			expect((await call(node, 'GET', `/doctors/${doctor.id}`)).body.timeZone).to.equal('UTC')
		})

		it('lists the first 100 slots and counts all, through the requested days', async () => {
			const busy = { ...hours, slotMinutes: 10, weekly: everyDay('00:00', '24:00') }
			const { body } = await send('POST', 'schedule/preview', { ...busy, days: 3 })
			expect(body.created).to.be.above(300)
			expect(body.createdStarts).to.have.length(100)
			const day = await send('POST', 'schedule/preview', { ...busy, days: 1 })
			expect(day.body.created).to.be.below(body.created)
		})

		it('makes no booking fail', async () => {
			const before = await slotsOf(node.db, doctor.id)
			const patients = await Promise.all(before.slice(0, 8).map(() => aPatient(node)))

			function book({ token }: Person, index: number) {
				return call(node, 'POST', '/appointments', {
					token,
					body: { slotId: slotId(doctor.id, (before[index]?.starts_at.getTime() ?? 0) / 60_000) },
				})
			}

			const previews = Array.from({ length: 12 }, () => send('POST', 'schedule/preview', later))
			const booked = await Promise.all(patients.map(book))
			expect(booked.map(({ status, body }) => body.code ?? status)).to.deep.equal(patients.map(() => 201))
			expect(new Set((await Promise.all(previews)).map(({ status }) => status))).to.deep.equal(new Set([200]))
			expect(spans(await slotsOf(node.db, doctor.id))).to.deep.equal(spans(before))
		})

		it('is for the doctor and admins, and refuses what saving refuses', async () => {
			const admin = await anAdmin(node)
			expect((await send('POST', 'schedule/preview', later, admin.token)).status).to.equal(200)
			for (const { token } of [await aDoctor(node), await aReceptionist(node), await aPatient(node)])
				expect((await send('POST', 'schedule/preview', later, token)).body.code).to.equal('forbidden')
			for (const wrong of [
				{ slotMinutes: 1 },
				{ timeZone: 'Mars/Base' },
				{ days: 0 },
				{ validFrom: '2030-02-01', validUntil: '2030-01-01' },
			])
				expect((await send('POST', 'schedule/preview', { ...later, ...wrong })).body.code).to.equal('invalid_input')
			const unknown = await call(node, 'POST', '/doctors/999999999/schedule/preview', { token: admin.token, body: later })
			expect(unknown.body.code).to.equal('not_found')
		})
	})

	describe('of time off', () => {
		const span = { startsAt: at(0, 9).toISOString(), endsAt: at(0, 12).toISOString() }

		it('counts the free slots that would be blocked, and returns the appointments', async () => {
			const booked = await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(0, 9), endsAt: at(0, 10) })
			await anAppointment(node.db, { doctorId: doctor.id, startsAt: at(0, 10), endsAt: at(0, 11), status: 'cancelled' })
			const before = await everything()
			expect((await send('POST', 'time-off/preview', span)).body).to.deep.equal({ blocked: 2, conflicts: [booked] })
			expect(await everything()).to.deep.equal(before)
		})

		it('does not count slots that are blocked already, or over', async () => {
			await send('POST', 'time-off', span)
			expect((await send('POST', 'time-off/preview', { ...span, endsAt: at(1, 9).toISOString() })).body.blocked).to.equal(1)
			const past = { startsAt: at(-20, 0).toISOString(), endsAt: at(-10, 0).toISOString() }
			expect((await send('POST', 'time-off/preview', past)).body).to.deep.equal({ blocked: 0, conflicts: [] })
		})

		it('is for the doctor and staff only', async () => {
			for (const { token } of [await anAdmin(node), await aReceptionist(node)])
				expect((await send('POST', 'time-off/preview', span, token)).status).to.equal(200)
			for (const { token } of [await aDoctor(node), await aPatient(node)])
				expect((await send('POST', 'time-off/preview', span, token)).body.code).to.equal('forbidden')
			expect((await send('POST', 'time-off/preview', { ...span, endsAt: span.startsAt })).body.code).to.equal('invalid_input')
		})
	})
})
