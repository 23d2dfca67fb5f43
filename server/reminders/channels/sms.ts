import { type Channel, oneLine, retryAfterMs, type Sending, sendTimeoutMs } from '../message.ts'
import { shortText } from '../texts.ts'

export type SmsDeps = {
	twilio: { accountSid: string; authToken: string; from: string; apiUrl: string }
	timeoutMs?: number
}

type TwilioAnswer = { sid?: unknown; code?: unknown; message?: unknown }

/** Sends text messages through Twilio, see https://www.twilio.com/docs/messaging/api/message-resource. */
export function createSms({ twilio, timeoutMs = sendTimeoutMs }: SmsDeps): Channel {
	const { accountSid, authToken, from, apiUrl } = twilio
	const url = `${apiUrl.replace(/\/$/, '')}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`
	const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
	// A messaging service (MG…) chooses the sender's number itself.
	const sender = from.startsWith('MG') ? 'MessagingServiceSid' : 'From'
	return {
		name: 'sms',
		concurrency: 8,
		async send(message) {
			const to = dialled(message.patient.phone ?? '')
			if (!/^\+?\d{5,15}$/.test(to)) return { sent: false, failure: 'permanent', reason: 'not a phone number' }
			try {
				const response = await fetch(url, {
					method: 'POST',
					headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
					body: new URLSearchParams({ To: to, [sender]: from, Body: shortText(message, { link: true }) }),
					signal: AbortSignal.timeout(timeoutMs),
					redirect: 'error',
				})
				const answer = ((await response.json().catch(() => ({}))) ?? {}) as TwilioAnswer
				if (!response.ok) return failureOf(response, answer, Date.now())
				return { sent: true, providerId: oneLine(String(answer.sid ?? ''), 100) }
			} catch (error) {
				const { name, cause, message: text } = error as Error & { cause?: { code?: string } }
				const reason = name === 'TimeoutError' ? 'Twilio: no answer in time' : oneLine(`Twilio: ${cause?.code ?? text}`)
				return { sent: false, failure: 'transient', reason }
			}
		},
		stop: async () => {},
	}
}

const dialled = (phone: string) => phone.replace(/[^+0-9]/g, '').replace(/^00/, '+')

function failureOf(response: Response, { code, message }: TwilioAnswer, nowMs: number): Sending {
	const reason = oneLine(`Twilio: ${response.status}${code ? ` (${code})` : ''} ${typeof message === 'string' ? message : ''}`)
	if (response.status === 429)
		return { sent: false, failure: 'throttled', reason, retryAfterMs: retryAfterMs(response.headers.get('retry-after'), nowMs) }
	// 400 is about this number or this text. 401, 403 and 404 are about the clinic's account, which the clinic can repair.
	return { sent: false, failure: response.status === 400 ? 'permanent' : 'transient', reason }
}
