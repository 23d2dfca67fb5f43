import { expect } from 'chai'
import { stepOfCode } from '../../server/identity/second-factor.ts'
import { createSeal } from '../../server/identity/secrets.ts'

describe('the codes of a second factor', () => {
	// The secret and times of RFC 6238, appendix B, and the last six of its eight digits.
	const secret = Buffer.from('12345678901234567890')
	const vectors = { 59: '287082', 1111111109: '081804', 1111111111: '050471', 1234567890: '005924', 2000000000: '279037' }

	it('match the RFC’s test vectors', () => {
		for (const [seconds, code] of Object.entries(vectors))
			expect(stepOfCode(secret, code, Number(seconds) * 1000), code).to.equal(Math.floor(Number(seconds) / 30))
	})

	it('are accepted one step early or late, and refused two steps off', () => {
		const verdicts = [-60, -30, 0, 30, 60].map(off => stepOfCode(secret, '050471', (1111111111 + off) * 1000))
		expect(verdicts).to.deep.equal([undefined, 37037037, 37037037, 37037037, undefined])
	})
})

describe('a sealed secret', () => {
	const seal = createSeal('the secret of a server', 'tests')
	const content = Buffer.from('twenty secret bytes!')

	it('opens for its owner, and its sealed form does not reveal it', () => {
		const sealed = seal.close(content, '7')
		expect(seal.open(sealed, '7')).to.deep.equal(content)
		expect(sealed.includes(content)).to.equal(false)
		expect(seal.close(content, '7')).not.to.deep.equal(sealed)
	})

	it('does not open for another owner, with another key or purpose, changed, or cut short', () => {
		const sealed = seal.close(content, '7')
		const changed = Buffer.from(sealed)
		changed.writeUInt8(changed.readUInt8(15) ^ 1, 15)
		expect(seal.open(sealed, '8')).to.equal(undefined)
		expect(createSeal('another secret', 'tests').open(sealed, '7')).to.equal(undefined)
		expect(createSeal('the secret of a server', 'others').open(sealed, '7')).to.equal(undefined)
		for (const each of [changed, sealed.subarray(0, 40), Buffer.alloc(0)]) expect(seal.open(each, '7')).to.equal(undefined)
	})
})
