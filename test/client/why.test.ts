import { expect } from 'chai'
import { jobWhyOf, whyOf } from '../../client/notices/why.ts'

describe('the reason why a message was not sent', () => {
	const said: [string, string][] = [
		['the visit was cancelled', 'cancelled'],
		['the visit was rescheduled', 'changed'],
		['the visit is checked in', 'arrived'],
		['the patient does not want these messages', 'unwanted'],
		['not a phone number', 'badNumber'],
		["Twilio: 400 (21211) The 'To' number is not a valid phone number.", 'badNumber'],
		['Twilio: 400 (21610) Attempt to send to unsubscribed recipient', 'blocked'],
		['Twilio: 429 (20429) Too Many Requests', 'busy'],
		['Twilio: 401 (20003) Authenticate', 'account'],
		['Twilio: 503 (20503) Service unavailable', 'unreachable'],
		['Twilio: ECONNREFUSED', 'unreachable'],
		['push service: no answer in time', 'unreachable'],
		["Can't send mail - all recipients were rejected: 550 No such user", 'badAddress'],
		["Can't send mail - all recipients were rejected: 452 Mailbox full", 'full'],
		['Invalid login: 535 Authentication failed', 'account'],
		['the mail server did not answer within 20 s', 'unreachable'],
		['554 rejected as spam', 'other'],
	]
	for (const [error, why] of said) it(`is shown as "${why}" for "${error}"`, () => expect(whyOf(error)).to.equal(why))

	it('is shown for a job that failed, too', () => {
		expect(jobWhyOf('connect ECONNREFUSED 127.0.0.1:5432')).to.equal('unreachable')
		expect(jobWhyOf('canceling statement due to statement timeout')).to.equal('slow')
		expect(jobWhyOf('no disk left')).to.equal('other')
	})
})
