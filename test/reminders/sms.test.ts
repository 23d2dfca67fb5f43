import { expect } from 'chai'
import { createSms } from '../../server/reminders/channels/sms.ts'
import { aMessage } from './a-message.ts'
import { useWebService } from './a-web-service.ts'

const json = { 'content-type': 'application/json' }

describe('text messages', () => {
	// The request follows https://www.twilio.com/docs/messaging/api/message-resource.
	const service = useWebService(() => ({ status: 201, headers: json, body: JSON.stringify({ sid: 'SM123', status: 'queued' }) }))
	const channel = (from = '+4930999', timeoutMs = 2000) =>
		createSms({ twilio: { accountSid: 'AC1', authToken: 'secret', from, apiUrl: service.url }, timeoutMs })
	const refuse = (status: number, code: number, message: string, headers: Record<string, string> = {}) => {
		service.answer = () => ({ status, headers: { ...json, ...headers }, body: JSON.stringify({ code, message, status }) })
	}

	it('are sent to Twilio, which returns their ids', async () => {
		expect(await channel().send(aMessage())).to.deep.equal({ sent: true, providerId: 'SM123' })
		const [request] = service.requests
		expect(request).to.include({ method: 'POST', path: '/2010-04-01/Accounts/AC1/Messages.json' })
		expect(request?.headers.authorization).to.equal(`Basic ${Buffer.from('AC1:secret').toString('base64')}`)
		expect(Object.fromEntries(new URLSearchParams(request?.body.toString()))).to.deep.equal({
			To: '+4930123456',
			From: '+4930999',
			Body: 'Reminder: Dr. Grace, Wed 9 Jul, 10:00 (Europe/Berlin). https://clinic.example/n/visit',
		})
	})

	it('come from a messaging service when one is set', async () => {
		await channel('MG42').send(aMessage())
		expect(service.requests[0]?.body.toString()).to.include('MessagingServiceSid=MG42').and.not.include('From=')
	})

	it('fail at once for a number that is invalid, or that Twilio refuses', async () => {
		refuse(400, 21211, "The 'To' number is not a valid phone number.")
		expect(await channel().send(aMessage())).to.deep.equal({
			sent: false,
			failure: 'permanent',
			reason: "Twilio: 400 (21211) The 'To' number is not a valid phone number.",
		})
		const message = aMessage()
		expect(await channel().send({ ...message, patient: { ...message.patient, phone: 'none' } })).to.include({ failure: 'permanent' })
		expect(service.requests).to.have.length(1)
	})

	it('wait as long as Twilio asks when there are too many', async () => {
		refuse(429, 20429, 'Too Many Requests', { 'retry-after': '7' })
		expect(await channel().send(aMessage())).to.include({ failure: 'throttled', retryAfterMs: 7000 })
	})

	it('are retried when Twilio fails, hangs, is unreachable, or refuses the account', async () => {
		refuse(503, 20503, 'Service unavailable')
		expect(await channel().send(aMessage())).to.include({ failure: 'transient' })
		refuse(401, 20003, 'Authenticate')
		expect(await channel().send(aMessage())).to.include({ failure: 'transient' })
		service.answer = () => 'hang'
		expect(await channel('+1', 200).send(aMessage())).to.deep.equal({
			sent: false,
			failure: 'transient',
			reason: 'Twilio: no answer in time',
		})
		service.answer = () => ({ status: 502, body: '<html>Bad gateway</html>' })
		expect(await channel().send(aMessage())).to.include({ failure: 'transient' })
		const away = createSms({ twilio: { accountSid: 'AC1', authToken: 's', from: '+1', apiUrl: 'http://127.0.0.1:9' } })
		expect(await away.send(aMessage())).to.include({ failure: 'transient' })
	})
})
