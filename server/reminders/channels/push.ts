import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import webPush from 'web-push'
import { groupBy } from '../../platform/group-by.ts'
import { type Channel, type Message, oneLine, retryAfterMs, type Sending, sendTimeoutMs } from '../message.ts'
import { shortText, wordsOf } from '../texts.ts'

export type Device = { id: string; endpoint: string; p256dh: string; auth: string }

export type PushDeps = {
	vapid: { publicKey: string; privateKey: string }
	/** The contact of the sender for push services: an address or a site (RFC 8292, section 2.1). */
	subject: string
	devicesOf(userId: string): Promise<Device[]>
	/** Deletes a device that no longer exists. */
	forget(deviceId: string): Promise<void>
	/** Whether to send only to addresses that can belong to a push service: an account chooses the endpoint, and need not be a browser. */
	publicOnly: boolean
	timeoutMs?: number
}

type Answer = Sending | 'gone'

/** Sends notifications to the patient's devices by web push (RFC 8030, 8291, 8292). */
export function createPush(deps: PushDeps): Channel {
	const { vapid, subject, devicesOf, forget, publicOnly, timeoutMs = sendTimeoutMs } = deps

	return {
		name: 'push',
		concurrency: 8,
		async send(message) {
			const devices = message.patient.userId ? await devicesOf(message.patient.userId) : []
			const [payload, topic] = [payloadOf(message), topicOf(message)]
			// One time limit for all devices: a message must not outlast its lease.
			const signal = AbortSignal.timeout(timeoutMs)
			const answers = new Map<Device, Answer>()
			await Promise.all([...groupBy(devices, ({ endpoint }) => new URL(endpoint).host).values()].map(sendInOrder))
			for (const [device, answer] of answers) if (answer === 'gone') await forget(device.id)

			return overall([...answers.values()])

			// One request after the other to each host: an account chooses its endpoints, and must not flood a host through this server.
			async function sendInOrder(ofOneHost: readonly Device[]) {
				for (const device of ofOneHost) answers.set(device, await sendTo(device, payload, topic, signal))
			}
		},
		stop: async () => {},
	}

	async function sendTo({ endpoint, p256dh, auth }: Device, payload: string, topic: string, signal: AbortSignal): Promise<Answer> {
		try {
			if (publicOnly && !mayBePushService(endpoint)) return 'gone'
			const request = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payload, {
				vapidDetails: { subject, ...vapid },
				TTL: 4 * 3600,
				urgency: 'high',
				// While a device sleeps, the push service replaces a waiting message by its repetition.
				topic,
				contentEncoding: 'aes128gcm',
			})
			signal.throwIfAborted()
			const response = await fetch(request.endpoint, {
				method: request.method,
				headers: request.headers as Record<string, string>,
				body: new Uint8Array(request.body ?? []),
				signal,
				redirect: 'error',
			})
			await response.body?.cancel()
			return answerOf(response)
		} catch (error) {
			return failureOf(error as Error & { cause?: { code?: string } })
		}
	}
}

function payloadOf(message: Message): string {
	return JSON.stringify({
		title: wordsOf(message.patient.language).opening[message.kind],
		body: shortText(message, { link: false }),
		url: message.links.visit,
		// A device shows one notification for each tag.
		tag: `notification-${message.id}`,
		lang: message.patient.language,
		kind: message.kind,
		appointmentId: message.visit.id,
	})
}

const topicOf = ({ id }: Message) => createHash('sha256').update(`notification ${id}`).digest('base64url').slice(0, 32)

/** One answer stands for all devices: a message that one device received is sent. */
function overall(answers: readonly Answer[]): Sending {
	const known = answers.filter(answer => answer !== 'gone')
	return (
		known.find(answer => answer.sent) ??
		known.find(answer => !answer.sent && answer.failure !== 'permanent') ??
		known[0] ?? { sent: false, failure: 'permanent', reason: 'no device receives notifications any more' }
	)
}

function mayBePushService(endpoint: string): boolean {
	const { protocol, hostname } = new URL(endpoint)
	// A trailing dot does not change the name.
	const name = hostname.replace(/\.+$/, '')
	return (
		protocol === 'https:' &&
		isIP(name.replace(/^\[|\]$/g, '')) === 0 &&
		/\.[a-z]/i.test(name) &&
		!/\.(local|localhost|internal)$/i.test(name)
	)
}

function answerOf({ ok, status, headers }: Response): Answer {
	if (ok) return { sent: true, providerId: oneLine(headers.get('location') ?? '', 200) }
	if (status === 404 || status === 410) return 'gone'
	const reason = `push service: ${status}`
	if (status === 429)
		return { sent: false, failure: 'throttled', reason, retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()) }
	return { sent: false, failure: status === 400 || status === 413 ? 'permanent' : 'transient', reason }
}

function failureOf({ name, message, cause }: Error & { cause?: { code?: string } }): Answer {
	// A device whose keys cannot be used never becomes reachable.
	if (/subscription|p256dh|auth|public key/i.test(message)) return 'gone'
	const reason = name === 'TimeoutError' ? 'push service: no answer in time' : oneLine(`push service: ${cause?.code ?? message}`)
	return { sent: false, failure: 'transient', reason }
}
