import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Appointment, Offer, Slot, WaitlistEntry } from '../../contract/index.ts'
import { soon } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import type { TestNode } from '../support/node.ts'
import type { Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'

/** What the desk and patients do with offers, on one node. */
export const offersOf = (node: TestNode, desk: () => Person) => {
	const make = async (slotId: string, patient: Person, more: Record<string, unknown> = {}) =>
		await call<Offer>(node, 'POST', '/offers', { token: desk().token, body: { slotId, patientId: patient.id, ...more } })
	const offer = async (slotId: string, patient: Person, more: Record<string, unknown> = {}): Promise<Offer> => {
		const { status, body } = await make(slotId, patient, more)
		expect(status, JSON.stringify(body)).to.equal(201)
		return body
	}
	const accept = (id: string, who: Person, key?: string) =>
		call<Appointment & { code?: string }>(node, 'POST', `/offers/${id}/accept`, { token: who.token, ...(key && { key }), body: {} })
	const decline = (id: string, who: Person) => call(node, 'POST', `/offers/${id}/decline`, { token: who.token, body: {} })
	const read = async (id: string): Promise<Offer> => (await call<Offer>(node, 'GET', `/offers/${id}`, { token: desk().token })).body
	const isOpen = async (id: string) => {
		await waitFor(async () => (await read(id)).status === 'open', `offer ${id} is open`)
		return await read(id)
	}
	const book = async (slotId: string, patient: Person, typeId?: string) => {
		const { status, body } = await call<Appointment & { code: string }>(node, 'POST', '/appointments', {
			token: desk().token,
			key: randomUUID(),
			body: { slotId, patientId: patient.id, ...(typeId && { typeId }) },
		})
		return { status, body }
	}
	const cancel = (id: string, who: Person) => call(node, 'POST', `/appointments/${id}/cancel`, { token: who.token, body: {} })
	const slots = async (doctorId: string, token?: string): Promise<Slot[]> => {
		const { from, to } = soon()
		const answer = await call(node, 'GET', `/doctors/${doctorId}/slots?from=${from}&to=${to}`, token ? { token } : {})
		return answer.body.slots
	}
	const slot = async (id: string, token?: string): Promise<Slot> =>
		(await slots(id.split('-')[0] as string, token)).find(each => each.id === id) as Slot
	const wait = async (patient: Person, entry: Record<string, unknown>, by: Person = desk()): Promise<WaitlistEntry> => {
		const answer = await call<WaitlistEntry>(node, 'POST', '/waitlist', {
			token: by.token,
			body: { ...soonWindow(), noticeMinutes: 60, ...(by !== patient && { patientId: patient.id }), ...entry },
		})
		expect(answer.status, JSON.stringify(answer.body)).to.equal(201)
		return answer.body
	}
	const offersFor = async (patient: Person): Promise<Offer[]> =>
		(await call(node, 'GET', `/offers?patientId=${patient.id}`, { token: desk().token })).body.items
	const openOfferFor = async (patient: Person): Promise<Offer> => {
		const find = async () => (await offersFor(patient)).find(({ status }) => status === 'open')
		await waitFor(async () => (await find()) !== undefined, `an open offer for ${patient.fullName}`)
		return (await find()) as Offer
	}
	return { make, offer, accept, decline, read, isOpen, book, cancel, slots, slot, wait, offersFor, openOfferFor }
}

export const soonWindow = () => {
	const { from, to } = soon()
	return { from, until: to }
}
