import { expect } from 'chai'
import fc from 'fast-check'
import { DateTime } from 'luxon'
import { createLinkTokens } from '../../server/reminders/links.ts'
import { retryAfterMs } from '../../server/reminders/message.ts'
import { backoffMs, quietSpan, type Ringing, whenToRing } from '../../server/reminders/rules.ts'

const at = (text: string, zone = 'Europe/Berlin') => DateTime.fromISO(text, { zone }).toMillis()
const quiet = { fromMinute: 21 * 60, untilMinute: 8 * 60 }

const ringing = (changes: Partial<Ringing>): Ringing => ({
	kind: 'reminder',
	leadMinutes: 1440,
	dueMs: at('2026-12-01T12:00'),
	createdMs: at('2026-11-20T12:00'),
	visitMs: at('2026-12-02T12:00'),
	timeZone: 'Europe/Berlin',
	...changes,
})

describe('quiet hours', () => {
	const when = (changes: Partial<Ringing>, now = '2026-11-30T12:00') => {
		const ms = whenToRing(ringing(changes), quiet, at(now))
		return ms === null ? null : DateTime.fromMillis(ms, { zone: 'Europe/Berlin' }).toFormat("yyyy-MM-dd'T'HH:mm")
	}

	it('do not change messages that are due by day', () => {
		expect(when({})).to.equal('2026-12-01T12:00')
		expect(when({ dueMs: at('2026-12-01T08:00') })).to.equal('2026-12-01T08:00')
		expect(when({ dueMs: at('2026-12-01T20:59') })).to.equal('2026-12-01T20:59')
	})

	it('delay a message that can wait until they end', () => {
		expect(when({ dueMs: at('2026-12-01T06:30'), visitMs: at('2026-12-02T06:30') })).to.equal('2026-12-01T08:00')
		expect(when({ dueMs: at('2026-12-01T22:30'), visitMs: at('2026-12-02T22:30') })).to.equal('2026-12-02T08:00')
		expect(when({ dueMs: at('2026-12-01T21:00'), visitMs: at('2026-12-02T09:00') })).to.equal('2026-12-02T08:00')
	})

	it('bring forward a reminder that cannot wait', () => {
		expect(when({ leadMinutes: 120, dueMs: at('2026-12-02T06:30'), visitMs: at('2026-12-02T08:30') })).to.equal('2026-12-01T20:45')
	})

	it('never delay the five-minute reminder', () => {
		expect(when({ leadMinutes: 5, dueMs: at('2026-12-02T06:55'), visitMs: at('2026-12-02T07:00') })).to.equal('2026-12-02T06:55')
	})

	it('drop a reminder of a visit that was booked during them, but not one that is late for another reason', () => {
		const early = { leadMinutes: 120, dueMs: at('2026-12-02T05:00'), visitMs: at('2026-12-02T07:00') }
		expect(when({ ...early, createdMs: at('2026-12-01T23:00') }, '2026-12-01T23:00')).to.equal(null)
		expect(when({ ...early, createdMs: at('2026-12-01T10:00') }, '2026-12-02T05:30')).to.equal('2026-12-02T05:00')
	})

	it('let a confirmation or cancellation through that would be too late in the morning', () => {
		const immediate = { kind: 'cancelled', leadMinutes: -1, dueMs: at('2026-12-01T23:00') } as const
		expect(when({ ...immediate, visitMs: at('2026-12-02T08:30') }, '2026-12-01T23:00')).to.equal('2026-12-01T23:00')
		expect(when({ ...immediate, visitMs: at('2026-12-02T15:00') }, '2026-12-01T23:00')).to.equal('2026-12-02T08:00')
	})

	it('can be off, or within one day, and follow the clock through its changes', () => {
		expect(whenToRing(ringing({ dueMs: at('2026-12-01T03:00') }), undefined, 0)).to.equal(at('2026-12-01T03:00'))
		const siesta = { fromMinute: 13 * 60, untilMinute: 15 * 60 }
		expect(quietSpan(at('2026-12-01T14:00'), 'Europe/Madrid', siesta)?.untilMs).to.equal(at('2026-12-01T15:00', 'Europe/Madrid'))
		expect(quietSpan(at('2026-12-01T15:00'), 'Europe/Madrid', siesta)).to.equal(null)
		// The night in which clocks go forward has ten quiet hours, and the night in which they go back twelve.
		const hours = (night: string) => {
			const span = quietSpan(at(night), 'Europe/Berlin', quiet)
			return span && (span.untilMs - span.fromMs) / 3_600_000
		}
		expect([hours('2026-03-29T01:00'), hours('2026-10-25T01:00'), hours('2026-11-25T01:00')]).to.deep.equal([10, 12, 11])
	})

	it('never let a phone ring, except for urgent, immediate or late messages', () => {
		const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland', 'Australia/Lord_Howe', 'UTC']
		fc.assert(
			fc.property(
				fc.integer({ min: at('2026-01-01T00:00'), max: at('2027-12-31T00:00') }),
				fc.integer({ min: 16, max: 3000 }),
				fc.constantFrom(...zones),
				(dueMs, leadMinutes, timeZone) => {
					const nowMs = dueMs - 3 * 86_400_000
					const visitMs = dueMs + leadMinutes * 60_000
					const ringMs = whenToRing(ringing({ dueMs, leadMinutes, visitMs, timeZone, createdMs: nowMs }), quiet, nowMs)
					expect(ringMs).to.be.a('number').and.below(visitMs)
					expect(quietSpan(ringMs as number, timeZone, quiet)).to.equal(null)
				},
			),
		)
	})
})

describe('the wait after a failure', () => {
	it('doubles up to an hour', () => {
		const waits = [1, 2, 3, 8, 9, 50].map(attempts => backoffMs(attempts, () => 0.5) / 1000)
		expect(waits).to.deep.equal([30, 60, 120, 3600, 3600, 3600])
		expect([backoffMs(1, () => 0), backoffMs(1, () => 1)]).to.deep.equal([24_000, 36_000])
	})

	it('follows the provider’s request, in seconds or as a date, within limits', () => {
		const now = Date.parse('2026-12-01T10:00:00Z')
		expect(retryAfterMs('17', now)).to.equal(17_000)
		expect(retryAfterMs('Tue, 01 Dec 2026 10:02:00 GMT', now)).to.equal(120_000)
		expect([retryAfterMs(null, now), retryAfterMs('soon', now)]).to.deep.equal([30_000, 30_000])
		expect([retryAfterMs('0', now), retryAfterMs('99999999', now)]).to.deep.equal([1000, 3_600_000])
	})
})

describe('links in messages', () => {
	const tokens = createLinkTokens('a secret of sufficient length for tests')
	const grant = { appointmentId: '123456789012345678', patientId: '42', may: 'unsubscribe', channel: 'sms' } as const
	const token = tokens.make(grant, at('2026-12-01T12:00'))

	it('allow their purpose until they expire', () => {
		expect(tokens.read(token, at('2026-12-01T11:59'))).to.deep.equal(grant)
		expect(tokens.read(token, at('2026-12-01T12:00'))).to.equal(undefined)
		const visit = { appointmentId: '1', patientId: '2', may: 'act on visit' } as const
		expect(tokens.read(tokens.make(visit, at('2026-12-01T12:00')), 0)).to.deep.equal(visit)
	})

	it('cannot be forged, changed or reused for another visit', () => {
		expect(createLinkTokens('another secret of sufficient length').read(token, 0)).to.equal(undefined)
		for (let i = 0; i < token.length; i++) {
			const changed = token.slice(0, i) + (token[i] === '1' ? '2' : '1') + token.slice(i + 1)
			expect(tokens.read(changed, 0), changed).to.equal(undefined)
		}
		for (const text of ['', '.', token.slice(1), `${token}0`, token.toUpperCase(), `v.1.2.zzzz.${'0'.repeat(32)}`])
			expect(tokens.read(text, 0), text).to.equal(undefined)
	})

	it('are short enough for a text message', () => {
		expect(tokens.make({ appointmentId: '1000000', patientId: '1000000', may: 'act on visit' }, at('2026-12-01T12:00')).length).to.be.below(
			60,
		)
	})
})
