import { expect } from 'chai'
import { createLog } from '../../server/platform/observability/log.ts'
import { changedCalendars } from '../../server/schedule/generate.ts'
import { inChunks } from '../../server/schedule/generate-all.ts'
import { createSchedules } from '../../server/schedule/schedule.ts'
import { useDatabase } from '../support/servers.ts'
import { aScheduledDoctor, setSchedule, slotsOf } from './support.ts'

describe('the nightly generation', () => {
	const stores = useDatabase()

	function nightly() {
		const announced: string[] = []
		const schedules = createSchedules({
			db: stores.db,
			config: { slotDaysAhead: 5 },
			log: createLog('silent'),
			announcements: {
				write: async (_trx, changes) => void announced.push(...changes.map(({ doctorId }) => doctorId)),
				tell: async () => {},
			},
		})
		return { announced, run: schedules.generateAll }
	}

	it('serves every active doctor, announces the calendars that it changed, and changes nothing in a second run', async () => {
		const [first, second, disabled] = [
			await aScheduledDoctor(stores.db),
			await aScheduledDoctor(stores.db),
			await aScheduledDoctor(stores.db),
		]
		await stores.db('users').where('id', disabled).update({ status: 'disabled' })
		const { announced, run } = nightly()
		const { created } = await run()
		expect(announced).to.deep.equal([first, second])
		expect(created).to.equal((await slotsOf(stores.db, first)).length + (await slotsOf(stores.db, second)).length)
		expect(await slotsOf(stores.db, disabled)).to.deep.equal([])
		expect(await run()).to.deep.equal({ created: 0, removed: 0 })
		expect(announced).to.have.length(2)
	})

	it('serves the other doctors when generation fails for one', async () => {
		const [broken, fine] = [await aScheduledDoctor(stores.db), await aScheduledDoctor(stores.db)]
		await stores.db('doctors').where('id', broken).update({ time_zone: 'Mars/Olympus_Mons' })
		await nightly().run()
		expect(await slotsOf(stores.db, fine)).to.have.length.above(0)
		await stores.db('doctors').where('id', broken).update({ time_zone: 'UTC' })
	})

	it('creates each slot once when two nodes run it at once', async () => {
		const ids = await Promise.all(Array.from({ length: 20 }, () => aScheduledDoctor(stores.db)))
		await Promise.all([nightly().run(), nightly().run(), nightly().run()])
		const [first, ...others] = await Promise.all(ids.map(async id => (await slotsOf(stores.db, id)).length))
		expect(new Set(others)).to.deep.equal(new Set([first]))
		for (const id of ids) await setSchedule(stores.db, id, { timeZone: '', slotMinutes: 30, weekly: [] })
		const results = await Promise.all([nightly().run(), nightly().run()])
		expect(results[0].removed + results[1].removed).to.equal(first! * ids.length)
	})

	it('limits how many slots one transaction creates, even when slots are short', () => {
		const many = Array.from({ length: 250 }, (_, n) => ({ doctorId: String(n), slotsPerDay: 1 }))
		expect(inChunks(many, 60).map(chunk => chunk.length)).to.deep.equal([100, 100, 50])
		const busy = Array.from({ length: 5 }, (_, n) => ({ doctorId: String(n), slotsPerDay: 288 }))
		expect(inChunks(busy, 99).map(chunk => chunk.length)).to.deep.equal([2, 2, 1])
		expect(inChunks(busy, 366).map(chunk => chunk.length)).to.deep.equal([1, 1, 1, 1, 1])
	})
})

describe('the calendars that a generation changed', () => {
	it('belong to doctors for whom it created, removed or marked slots', () => {
		const changed = changedCalendars([
			{ doctorId: '1', created: 0, removed: 0, kept: 9, marked: 0, skipped: 2 },
			{ doctorId: '2', created: 1, removed: 0, kept: 0, marked: 0, skipped: 0 },
			{ doctorId: '3', created: 0, removed: 2, kept: 0, marked: 0, skipped: 0 },
			{ doctorId: '4', created: 0, removed: 0, kept: 1, marked: 1, skipped: 0 },
		])
		expect(changed).to.deep.equal([{ doctorId: '2' }, { doctorId: '3' }, { doctorId: '4' }])
	})
})
