import { expect } from 'chai'
import { createLog } from '../../server/platform/observability/log.ts'
import { createAnnouncements } from '../../server/schedule/announcements.ts'

const starts = (count: number) => Array.from({ length: count }, (_, n) => new Date(n * 60_000))

describe('an announcement of schedule changes', () => {
	it('names the slots while they are few, and makes watchers start over when they are many', async () => {
		const { told, announcements } = recording()
		await announcements.changed('7', starts(0))
		await announcements.changed('7', starts(300))
		await announcements.changed('7', starts(301))
		expect(told).to.deep.equal(['7: 300 slots', '7: schedule'])
	})

	it('leaves out doctors whose slots did not change', async () => {
		const { told, announcements } = recording()
		await announcements.generated([
			{ doctorId: '1', created: 0, removed: 0, kept: 9 },
			{ doctorId: '2', created: 1, removed: 0, kept: 0 },
			{ doctorId: '3', created: 0, removed: 2, kept: 0 },
		])
		expect(told).to.deep.equal(['2: schedule', '3: schedule'])
	})

	it('does not fail a committed change when Redis is away', async () => {
		async function failing() {
			throw new Error('Redis is away')
		}

		const announcements = createAnnouncements({ log: createLog('silent'), announceSlots: failing, announceSchedule: failing })
		await announcements.changed('7', starts(1))
		await announcements.replaced('7')
	})
})

function recording() {
	const told: string[] = []
	const announcements = createAnnouncements({
		log: createLog('silent'),
		announceSlots: async (doctorId, startsAt) => void told.push(`${doctorId}: ${startsAt.length} slots`),
		announceSchedule: async doctorId => void told.push(`${doctorId}: schedule`),
	})
	return { told, announcements }
}
