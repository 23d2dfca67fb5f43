import { expect } from 'chai'
import { createPicture } from '../../client/api/picture.ts'
import type { CalendarChanged, Slot } from '../../contract/index.ts'

const doctorId = '7'

const aSlot = (state: Slot['state'], id = '7-1'): Slot => ({
	id,
	doctorId,
	startsAt: '2026-11-23T09:00:00.000Z',
	endsAt: '2026-11-23T09:30:00.000Z',
	state,
})

/** One change a version. */
const aChange = (fromVersion: number, ...states: Slot['state'][]): CalendarChanged => ({
	doctorId,
	fromVersion,
	toVersion: fromVersion + states.length - 1,
	changes: states.map((state, index) => ({ ...aSlot(state), version: fromVersion + index })),
})

const aPictureAt = (version: number, ...early: CalendarChanged[]) => {
	const picture = createPicture()
	picture.expectSnapshot()
	for (const changed of early) expect(picture.take(changed)).to.equal('kept')
	const became = picture.takeSnapshot({ version, slots: [aSlot('free')] })
	return { ...picture, became, state: () => picture.slots().get('7-1')?.state }
}

describe('a calendar in the browser', () => {
	it('applies changes whose versions follow one another', () => {
		const picture = aPictureAt(10)
		expect(picture.take(aChange(11, 'held'))).to.equal('applied')
		expect(picture.take(aChange(12, 'free', 'booked'))).to.equal('applied')
		expect(picture.take(aChange(14, 'blocked'))).to.equal('applied')
		expect(picture.state()).to.equal('blocked')
	})

	it('asks for a snapshot when a version is missing, and again until it has one', () => {
		const picture = aPictureAt(10)
		expect(picture.take(aChange(12, 'held'))).to.equal('gap')
		expect(picture.state(), 'a change after a gap is not shown').to.equal('free')
		expect(picture.take(aChange(13, 'booked'))).to.equal('gap')
		expect(picture.take(aChange(11, 'booked'))).to.equal('gap')
	})

	it('asks for a snapshot when versions go back, because numbers are given out again', () => {
		for (const fromVersion of [1, 9, 10]) expect(aPictureAt(10).take(aChange(fromVersion, 'booked')), `from ${fromVersion}`).to.equal('gap')
		expect(aPictureAt(10).take(aChange(9, 'held', 'free', 'booked')), 'one that overlaps').to.equal('gap')
	})

	it('follows the lower versions that the new snapshot begins with', () => {
		const picture = aPictureAt(10)
		expect(picture.take(aChange(4, 'booked'))).to.equal('gap')
		picture.expectSnapshot()
		expect(picture.takeSnapshot({ version: 4, slots: [aSlot('booked')] })).to.equal('applied')
		expect(picture.take(aChange(5, 'free'))).to.equal('applied')
		expect(picture.state()).to.equal('free')
	})

	it('applies the changes that overtook their snapshot, and none that the snapshot holds', () => {
		const picture = aPictureAt(10, aChange(9, 'held', 'free'), aChange(11, 'booked'))
		expect(picture.became).to.equal('applied')
		expect(picture.state()).to.equal('booked')
		const overlapped = aPictureAt(10, aChange(10, 'free', 'held'))
		expect([overlapped.became, overlapped.state()]).to.deep.equal(['applied', 'held'])
		expect(overlapped.take(aChange(12, 'booked'))).to.equal('applied')
	})

	it('asks for another snapshot when changes are missing after the one that came', () => {
		expect(aPictureAt(10, aChange(11, 'held'), aChange(13, 'booked')).became).to.equal('gap')
	})

	it('takes no change for right after a snapshot did not come', () => {
		const picture = aPictureAt(10)
		picture.expectSnapshot()
		picture.missSnapshot()
		expect(picture.take(aChange(11, 'held'))).to.equal('gap')
	})
})
