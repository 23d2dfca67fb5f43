import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { ListMessageReach } from '../../contract/index.ts'
import { aPatientWithoutAccount, book, cancel, done, reschedule, slotsOf, useDesk } from '../booking/desk.ts'
import { call } from '../support/http.ts'
import { aPatient, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

describe('a message to the visits of a list', () => {
	const { node, desk, doctor, patient } = useDesk()

	const send = (appointmentIds: string[], { text = 'The doctor is 20 minutes late.', key = randomUUID(), by = desk as Person } = {}) =>
		call(node, 'POST', '/list-messages', { token: by.token, key, body: { appointmentIds, text } })
	const preview = async (appointmentIds: string[]) =>
		done<ListMessageReach>(await call(node, 'POST', '/list-messages/preview', { token: desk.token, body: { appointmentIds } }))
	const notices = (ids: string[]) => node.db('notification_queue').whereIn('appointment_id', ids).where({ kind: 'notice' }).orderBy('id')

	async function threeVisits() {
		const [first, second, third] = (await slotsOf(node, doctor, { count: 3 })) as [string, string, string]
		const caller = await aPatientWithoutAccount(node, 'Without Address')
		const reached = done(await book(node, patient, first))
		const unreachable = done(await book(node, desk, second, { patientId: caller }))
		const cancelled = done(await book(node, await aPatient(node), third))
		done(await cancel(node, desk, cancelled.id))
		return { reached, unreachable, cancelled, ids: [reached.id, unreachable.id, cancelled.id] }
	}

	it('is previewed: how many it reaches by which channel, and whom the desk must call', async () => {
		const { unreachable, ids } = await threeVisits()
		expect(await preview([...ids, ids[0] as string, '999999999', 'nonsense'])).to.deep.equal({
			visits: 1,
			messages: { email: 1, sms: 0, push: 0 },
			unreachable: [{ appointmentId: unreachable.id, patientName: 'Without Address' }],
			leftOut: 3,
		})
		expect(await notices(ids)).to.deep.equal([])
	})

	it('is written once for each visit however often it is repeated, and arrives with its text', async () => {
		const { reached, ids } = await threeVisits()
		const key = randomUUID()
		const text = `Bring <b>your card</b> ${randomUUID()}`
		const [first, second] = await Promise.all([send(ids, { key, text }), send(ids, { key, text })])
		expect([first.status, second.status]).to.deep.equal([201, 201])
		expect(second.body.id).to.equal(first.body.id)
		expect((await notices(ids)).map(row => row.appointment_id)).to.deep.equal([reached.id])
		expect((await send(ids, { key, text: 'something else' })).body.code).to.equal('idempotency_mismatch')
		const letters = async () => {
			const { items } = (await (await fetch(`${node.url}/dev/outbox.json`)).json()) as { items: { text: string; html: string }[] }
			return items.filter(letter => letter.text.includes(text))
		}
		await waitFor(async () => (await letters()).length > 0, 'the letter')
		expect((await letters()).length).to.equal(1)
		expect((await letters())[0]?.html).to.include('&#60;b&#62;your card')
		const ledger = await call(node, 'GET', `/appointments/${reached.id}/notifications`, { token: desk.token })
		expect(ledger.body.items.filter((item: { kind: string }) => item.kind === 'notice')).to.have.lengthOf(1)
		expect(JSON.stringify(ledger.body)).to.include('Bring <b>your card')
	})

	it('can be followed by another, and is void when the visit moves before it is sent', async () => {
		const [first, second] = (await slotsOf(node, doctor, { count: 2 })) as [string, string]
		const visit = done(await book(node, patient, first))
		done(await send([visit.id], { text: 'one' }))
		done(await send([visit.id], { text: 'two' }))
		await waitFor(async () => (await notices([visit.id])).every(({ status }) => status === 'sent'), 'both to be sent')
		await node
			.db('notification_queue')
			.where({ appointment_id: visit.id, kind: 'notice' })
			.update({ status: 'due', due_at: new Date(Date.now() + 60_000) })
		done(await reschedule(node, desk, visit.id, second))
		expect((await notices([visit.id])).map(({ status }) => status)).to.deep.equal(['void', 'void'])
	})

	it('respects what the patient chose, and is recorded without its text', async () => {
		const [slot] = await slotsOf(node, doctor)
		const visit = done(await book(node, patient, slot))
		await node.db('patients').where({ id: patient.id }).update({ notify_email: false })
		const answer = await send([visit.id])
		expect(answer.body).to.deep.include({ visits: 0, unreachable: [{ appointmentId: visit.id, patientName: patient.fullName }] })
		const [entry] = await node.db('audit_log').where({ entity: 'list_message', entity_id: answer.body.id })
		expect(entry).to.deep.include({ action: 'messaged', actor_id: desk.id, details: { visits: 0, messages: 0 } })
	})

	it('is refused without visits, without a text, and with too many visits', async () => {
		const many = Array.from({ length: 501 }, (_, index) => String(index + 1))
		for (const answer of [await send([]), await send(['1'], { text: '' }), await send(['1'], { text: 'x'.repeat(601) }), await send(many)])
			expect(answer.body.code).to.equal('invalid_input')
	})
})
