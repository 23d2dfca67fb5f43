import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import webPush from 'web-push'
import { type Channel, oneLine, retryAfterMs, type Sending, sendTimeoutMs } from '../message.ts'
import { shortText, wordsOf } from '../texts.ts'

export type Device = { id: string; endpoint: string; p256dh: string; auth: string }

export type PushDeps = {
	vapid: { publicKey: string; privateKey: string }
	/** Whom a push service turns to: an address or a site (RFC 8292, section 2.1). */
	subject: string
	devicesOf(userId: string): Promise<Device[]>
	/** The device is no longer there. */
	forget(deviceId: string): Promise<void>
	/** Only addresses that can belong to a push service: the endpoint is what a browser, or somebody else, told us. */
	publicOnly: boolean
	timeoutMs?: number
}

const mayBePushService = (endpoint: string): boolean => {
	const { protocol, hostname } = new URL(endpoint)
	return (
		protocol === 'https:' &&
		isIP(hostname.replace(/^\[|\]$/g, '')) === 0 &&
		/\.[a-z]/i.test(hostname) &&
		!/\.(local|localhost|internal)$/i.test(hostname)
	)
}

/** One of several answers speaks for all: delivered anywhere is delivered. */
const overall = (answers: readonly (Sending | 'gone')[]): Sending => {
	const known = answers.filter(answer => answer !== 'gone')
	return (
		known.find(answer => answer.sent) ??
		known.find(answer => !answer.sent && answer.failure !== 'permanent') ??
		known[0] ?? { sent: false, failure: 'permanent', reason: 'no device receives notifications any more' }
	)
}

/** Notifications to the patient's devices by web push (RFC 8030, 8291, 8292). */
export const createPush = (deps: PushDeps): Channel => {
	const { vapid, subject, devicesOf, forget, publicOnly, timeoutMs = sendTimeoutMs } = deps

	const sendTo = async ({ endpoint, p256dh, auth }: Device, payload: string, topic: string): Promise<Sending | 'gone'> => {
		try {
			if (publicOnly && !mayBePushService(endpoint)) return 'gone'
			const request = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payload, {
				vapidDetails: { subject, ...vapid },
				TTL: 4 * 3600,
				urgency: 'high',
				// Of messages that wait for a sleeping device, a repetition replaces the first.
				topic,
				contentEncoding: 'aes128gcm',
			})
			const response = await fetch(request.endpoint, {
				method: request.method,
				headers: request.headers as Record<string, string>,
				body: new Uint8Array(request.body ?? []),
				signal: AbortSignal.timeout(timeoutMs),
				redirect: 'error',
			})
			await response.body?.cancel()
			if (response.ok) return { sent: true, providerId: oneLine(response.headers.get('location') ?? '', 200) }
			if (response.status === 404 || response.status === 410) return 'gone'
			const reason = `push service: ${response.status}`
			if (response.status === 429)
				return { sent: false, failure: 'throttled', reason, retryAfterMs: retryAfterMs(response.headers.get('retry-after'), Date.now()) }
			return { sent: false, failure: response.status === 400 || response.status === 413 ? 'permanent' : 'transient', reason }
		} catch (error) {
			const { name, message, cause } = error as Error & { cause?: { code?: string } }
			// Keys that cannot be encrypted to will not get better.
			const ours = /subscription|p256dh|auth|public key/i.test(message)
			const reason = name === 'TimeoutError' ? 'push service: no answer in time' : oneLine(`push service: ${cause?.code ?? message}`)
			return ours ? 'gone' : { sent: false, failure: 'transient', reason }
		}
	}

	return {
		name: 'push',
		concurrency: 8,
		async send(message) {
			const devices = message.patient.userId ? await devicesOf(message.patient.userId) : []
			const words = wordsOf(message.patient.language)
			const payload = JSON.stringify({
				title: words.opening[message.kind],
				body: shortText(message, { link: false }),
				url: message.links.visit,
				// A device shows one notification a tag.
				tag: `notification-${message.id}`,
				lang: message.patient.language,
				kind: message.kind,
				appointmentId: message.visit.id,
			})
			const topic = createHash('sha256').update(`notification ${message.id}`).digest('base64url').slice(0, 32)
			const answers = await Promise.all(
				devices.map(async device => {
					const answer = await sendTo(device, payload, topic)
					if (answer === 'gone') await forget(device.id)
					return answer
				}),
			)
			return overall(answers)
		},
		stop: async () => {},
	}
}
