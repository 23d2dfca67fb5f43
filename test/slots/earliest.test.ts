import { expect } from 'chai'
import { slotId } from '../../server/slots/slot-id.ts'
import { aType, someSlots } from '../support/calendar.ts'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aDoctor, type Person } from '../support/people.ts'

const dayMs = 86_400_000
const today = Math.floor(Date.now() / dayMs) * dayMs
const at = (day: number, hour: number) => new Date(today + day * dayMs + hour * 3_600_000)
const date = (day: number) => at(day, 0).toISOString().slice(0, 10)

describe('the earliest times', () => {
	const node = useNode()
	let near: Person
	let far: Person
	let typeId: string

	before(async () => {
		;[near, far] = [await aDoctor(node, { timeZone: 'UTC' }), await aDoctor(node, { timeZone: 'America/New_York' })]
		typeId = await aType(node, 60)
		await someSlots(node, near.id, { from: at(2, 9), count: 4 })
		await someSlots(node, far.id, { from: at(2, 20), count: 2 })
		await someSlots(node, near.id, { from: at(9, 15), count: 3 })
		await someSlots(node, far.id, { from: at(30, 14), count: 2 })
	})

	async function startsFrom(asked: string, from = 0): Promise<string[]> {
		const path = `/availability?typeId=${typeId}&from=${date(from)}&to=${date(from + 41)}${asked}`
		const { body } = await call(node, 'GET', path)
		return body.days.flatMap(({ times }: { times: { startsAt: string }[] }) => times.map(({ startsAt }) => startsAt)).sort()
	}
	const iso = (...instants: Date[]) => instants.map(instant => instant.toISOString())
	const half = (day: number, hour: number, minutes = 30) => new Date(at(day, hour).getTime() + minutes * 60_000)

	it('are the first that have room for the kind of appointment, over all days and doctors', async () => {
		const all = iso(at(2, 9), half(2, 9), at(2, 10), at(2, 20), at(9, 15), half(9, 15), at(30, 14))
		expect(await startsFrom('')).to.deep.equal(all)
		for (const limit of [1, 3, 4, 5, 7, 50]) expect(await startsFrom(`&limit=${limit}`), `${limit}`).to.deep.equal(all.slice(0, limit))
		expect(await startsFrom('&limit=2', 3)).to.deep.equal(all.slice(4, 6))
	})

	it('are those of one half of the day, in the doctor’s zone', async () => {
		expect(await startsFrom('&limit=5&half=afternoon')).to.deep.equal(iso(at(2, 20), at(9, 15), half(9, 15)))
		expect((await startsFrom('&limit=5&half=morning')).at(-1)).to.equal(at(30, 14).toISOString())
	})

	it('are those of chosen doctors, with the slot that begins each', async () => {
		expect(await startsFrom(`&limit=5&doctorIds=${far.id}`)).to.deep.equal(iso(at(2, 20), at(30, 14)))
		const path = `/availability?typeId=${typeId}&from=${date(0)}&to=${date(9)}&limit=1`
		const [{ times }] = (await call(node, 'GET', path)).body.days
		expect(times[0]).to.deep.include({ doctorIds: [near.id], slotIds: [slotId(near.id, at(2, 9).getTime() / 60_000)] })
	})
})
