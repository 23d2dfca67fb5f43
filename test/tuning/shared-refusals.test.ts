import { expect } from 'chai'
import { PreparedJson } from '../../server/platform/prepared-json.ts'
import { Refusal } from '../../server/platform/refusal.ts'
import { shareRefusals } from '../../server/tuning/shared-refusals.ts'

describe('a refusal that many callers share', () => {
	const share = shareRefusals()
	const offer = { id: '1-2', doctorId: '1', startsAt: '', endsAt: '', state: 'free' as const }
	const answerTo = ({ code, message, details }: Refusal) => ({ ok: false as const, error: { code, message, ...details.extra } })

	it('is encoded once, with the same text as a separate answer', () => {
		const refusal = new Refusal('slot_booked', { extra: { alternatives: [offer] } })
		const [first, second] = [share(refusal, answerTo(refusal)), share(refusal, answerTo(refusal))]
		expect(first).to.be.instanceOf(PreparedJson)
		expect(second).to.equal(first)
		expect((first as PreparedJson).text).to.equal(JSON.stringify(answerTo(refusal)))
	})

	it('is not shared when it is short or carries a request id', () => {
		const short = new Refusal('slot_booked')
		expect(share(short, answerTo(short))).to.deep.equal(answerTo(short))
		const refusal = new Refusal('internal', { extra: { alternatives: [offer] } })
		const answer = { ok: false as const, error: { ...answerTo(refusal).error, requestId: 'of-one-request' } }
		expect(share(refusal, answer)).to.equal(answer)
	})
})
