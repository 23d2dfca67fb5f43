import { expect } from 'chai'
import { changedCalendars } from '../../server/schedule/generate.ts'

describe('the calendars that a generation changed', () => {
	it('belong to doctors for whom it created or removed slots', () => {
		const changed = changedCalendars([
			{ doctorId: '1', created: 0, removed: 0, kept: 9 },
			{ doctorId: '2', created: 1, removed: 0, kept: 0 },
			{ doctorId: '3', created: 0, removed: 2, kept: 0 },
		])
		expect(changed).to.deep.equal([{ doctorId: '2' }, { doctorId: '3' }])
	})
})
