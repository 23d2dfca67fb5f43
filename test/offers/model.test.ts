import { expect } from 'chai'
import fc from 'fast-check'
import type { Offer } from '../../contract/index.ts'
import { aType, inconsistencies, overlaps, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { offersOf } from './an-offer.ts'

type Step =
	| { do: 'book' | 'cancel' | 'hold'; slot: number; who: number }
	| { do: 'wait'; who: number; isUrgent: boolean }
	| { do: 'leave'; entry: number }
	| { do: 'accept' | 'decline' | 'expire' | 'fail'; offer: number }

const aStep = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ do: fc.constantFrom('book', 'cancel', 'cancel', 'hold'), slot: fc.nat(4), who: fc.nat(3) }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), who: fc.nat(3), isUrgent: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), entry: fc.nat(5) }) },
	{ weight: 4, arbitrary: fc.record({ do: fc.constantFrom('accept', 'decline', 'expire', 'fail'), offer: fc.nat(2) }) },
) as fc.Arbitrary<Step>

type Entry = { id: string; who: number; isUrgent: boolean; status: 'waiting' | 'offered' | 'booked' | 'left' }
type Place = { is: 'free' } | { is: 'booked'; who: number; visit: string } | { is: 'offered'; who: number; entry: Entry } | { is: 'held' }

describe('offers, entries, bookings and holds in any order', () => {
	const node = useNode({ QUIET_HOURS: 'off' })
	let desk: Person
	let typeId: string
	const { accept, decline, book, cancel, slots: read, wait, offersFor } = offersOf(node, () => desk)
	before(async () => {
		desk = await aReceptionist(node)
		typeId = await aType(node, 30)
	})

	it('are as a simple model of the line says: each freed slot goes to the first whom it suits', async function () {
		this.timeout(240_000)
		await fc.assert(fc.asyncProperty(fc.array(aStep, { minLength: 8, maxLength: 24 }), follow), { numRuns: 12 })
	})

	async function follow(steps: Step[]) {
		await node.db('waitlist_entries').update({ status: 'left' })
		const doctor = await aDoctor(node)
		const ids = await someSlots(node, doctor.id, { count: 5 })
		const people = await Promise.all([0, 1, 2, 3].map(() => aPatient(node)))
		const holder = await aPatient(node)
		const places: Place[] = ids.map(() => ({ is: 'free' }))
		const entries: Entry[] = []
		const refusedBy = new Set<string>()

		for (const step of steps) {
			await apply(step)
			await same()
		}

		async function apply(step: Step): Promise<void> {
			if (step.do === 'wait') {
				const wish = { typeId, doctorIds: [doctor.id], noticeMinutes: 0, ...(step.isUrgent && { priority: 'urgent' }) }
				const { id } = await wait(people[step.who]!, wish)
				entries.push({ id, who: step.who, isUrgent: step.isUrgent, status: 'waiting' })
			} else if (step.do === 'leave') {
				const entry = entries[step.entry]
				if (entry?.status !== 'waiting') return
				await call(node, 'DELETE', `/waitlist/${entry.id}`, { token: desk.token })
				entry.status = 'left'
			} else if ('slot' in step) await onSlot(step)
			else await onOffer(step)
		}

		async function onSlot({ do: act, slot, who }: Extract<Step, { slot: number }>): Promise<void> {
			const place = places[slot]!
			if (act === 'hold') {
				const { status } = await call(node, 'POST', `/slots/${ids[slot]}/hold`, { token: holder.token, body: {} })
				expect(status).to.equal(place.is === 'free' || place.is === 'held' ? 201 : 409)
				if (place.is === 'free') places[slot] = { is: 'held' }
			} else if (act === 'book') {
				const { status, body } = await book(ids[slot]!, people[who]!)
				expect(status, JSON.stringify(body)).to.equal(place.is === 'free' ? 201 : 409)
				if (place.is === 'free') places[slot] = { is: 'booked', who, visit: body.id }
			} else if (place.is === 'booked') {
				expect((await cancel(place.visit, desk)).status).to.equal(200)
				free(slot)
			}
		}

		async function onOffer({ do: act, offer: index }: Extract<Step, { offer: number }>): Promise<void> {
			const open = places.flatMap((place, slot) => (place.is === 'offered' ? [{ place, slot }] : []))
			const found = open[index % Math.max(1, open.length)]
			if (!found) return
			const { place, slot } = found
			const offer = (await offersFor(people[place.who]!)).find(({ status }) => status === 'open' || status === 'sending') as Offer
			if (act === 'accept') {
				const { status, body } = await accept(offer.id, people[place.who]!)
				expect(status, JSON.stringify(body)).to.equal(200)
				place.entry.status = 'booked'
				places[slot] = { is: 'booked', who: place.who, visit: body.id }
				return
			}
			// The message that is really on its way would open the offer again after the test has ended it.
			if (act !== 'decline') await waitFor(async () => (await statusOf(offer.id)) === 'open', 'the offer is open')
			if (act === 'decline') await decline(offer.id, people[place.who]!)
			// The clock runs out; the message bounces.
			else if (act === 'expire') await node.db('slot_offers').where({ id: offer.id }).update({ status: 'open', expires_at: new Date() })
			else await node.db('slot_offers').where({ id: offer.id }).update({ status: 'sending', is_unreachable: true })
			await waitFor(async () => !['sending', 'open'].includes(await statusOf(offer.id)), 'the offer ends')
			refusedBy.add(`${place.who} ${slot}`)
			place.entry.status = 'waiting'
			free(slot)
		}

		async function statusOf(id: string): Promise<string> {
			return (await node.db('slot_offers').where({ id }).first('status')).status
		}

		function free(slot: number): void {
			const isAsked = (who: number) => places.some((place, i) => i !== slot && place.is === 'offered' && place.who === who)
			const next = entries
				.filter(({ status, who }) => status === 'waiting' && !isAsked(who) && !refusedBy.has(`${who} ${slot}`))
				.sort((a, b) => Number(b.isUrgent) - Number(a.isUrgent) || entries.indexOf(a) - entries.indexOf(b))[0]
			places[slot] = next ? { is: 'offered', who: next.who, entry: next } : { is: 'free' }
			if (next) next.status = 'offered'
		}

		async function same(): Promise<void> {
			const shown = (await read(doctor.id, desk.token)).map(({ state, offeredTo, appointment }) => {
				if (offeredTo) return `offered ${offeredTo.patientName}`
				return appointment ? `booked ${appointment.patientName}` : state
			})
			const expected = places.map(place => ('who' in place ? `${place.is} ${people[place.who]!.fullName}` : place.is))
			expect(shown).to.deep.equal(expected)
			const stored = await node
				.db('waitlist_entries')
				.whereIn('id', [0, ...entries.map(({ id }) => id)])
				.orderBy('id')
				.pluck('status')
			expect(stored).to.deep.equal(entries.map(({ status }) => status))
			expect(await overlaps(node.db)).to.equal(0)
			expect(await inconsistencies(node.db)).to.equal(0)
		}
	}
})
