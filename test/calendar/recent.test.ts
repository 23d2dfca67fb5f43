import { expect } from 'chai'
import { createRecent } from '../../server/calendar/recent.ts'
import { waitFor } from '../support/wait.ts'

describe('what was read a moment ago', () => {
	let reads = 0
	const read = async () => ++reads
	beforeEach(() => {
		reads = 0
	})

	it('serves all who want the same at the same version, those included who come while it is being read', async () => {
		const recent = createRecent<number>()
		expect(await Promise.all([recent.get('a', 7, read), recent.get('a', 7, read), recent.get('b', 7, read)])).to.deep.equal([1, 1, 2])
		expect(await recent.get('a', 7, read)).to.equal(1)
	})

	it('is read anew when the version is another, higher or lower', async () => {
		const recent = createRecent<number>()
		await recent.get('a', 7, read)
		expect(await recent.get('a', 8, read)).to.equal(2)
		expect(await recent.get('a', 7, read)).to.equal(3)
	})

	it('is forgotten when it could not be read', async () => {
		const recent = createRecent<number>()
		const failed = await recent.get('a', 7, () => Promise.reject(new Error('away'))).catch(error => error.message)
		expect(failed).to.equal('away')
		expect(await recent.get('a', 7, read)).to.equal(1)
	})

	it('is forgotten soon, for what time alone changes', async () => {
		const recent = createRecent<number>()
		await recent.get('a', 7, read)
		await waitFor(async () => (await recent.get('a', 7, read)) > 1, 'another reading')
	})
})
