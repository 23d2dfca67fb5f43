import { expect } from 'chai'
import { changedCalendars } from '../../server/schedule/announcements.ts'

describe('the calendars that a generation changed', () => {
	it('are those of doctors whose slots came, went, or are left over', () => {
		const changed = changedCalendars([
			{ doctorId: '1', created: 0, removed: 0, marked: 0 },
			{ doctorId: '2', created: 1, removed: 0, marked: 0 },
			{ doctorId: '3', created: 0, removed: 2, marked: 0 },
			{ doctorId: '4', created: 0, removed: 0, marked: 1 },
		])
		expect(changed).to.deep.equal([{ doctorId: '2' }, { doctorId: '3' }, { doctorId: '4' }])
	})
})
