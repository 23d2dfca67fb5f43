import { createHmac, timingSafeEqual } from 'node:crypto'
import type { NotificationChannel } from '../../contract/index.ts'
import { derivedKey } from '../platform/security/derived-key.ts'

/** The only thing that a link allows its reader to do. */
export type Grant = { appointmentId: string; patientId: string } & (
	| { may: 'act on visit' }
	| { may: 'unsubscribe'; channel: NotificationChannel }
)

/** What the link in an offer's message allows. */
export type OfferGrant = { offerId: string; patientId: string }

const purposes = { v: undefined, e: 'email', s: 'sms', p: 'push' } as const satisfies Record<string, NotificationChannel | undefined>
type Purpose = keyof typeof purposes

/**
 * Tokens for links in messages: short enough for a text message, signed, and expiring. The key is derived from the server's secret
 * for this purpose alone, so that no other token passes as one of these.
 */
export function createLinkTokens(secret: string) {
	const key = derivedKey(secret, 'links in messages')
	const sign = (text: string) => createHmac('sha256', key).update(text).digest().subarray(0, 16)

	return {
		makeForOffer({ offerId, patientId }: OfferGrant, expiresAtMs: number): string {
			const text = ['o', inBase36(offerId), inBase36(patientId), Math.ceil(expiresAtMs / 60_000).toString(36)].join('.')
			return `${text}.${sign(text).toString('hex')}`
		},

		readForOffer(token: string, nowMs: number): OfferGrant | undefined {
			const [, text = '', offer = '', patient = '', minute = '', mac = ''] =
				/^(o\.([0-9a-z]{1,12})\.([0-9a-z]{1,12})\.([0-9a-z]{1,8}))\.([0-9a-f]{32})$/.exec(token) ?? []
			if (!text || !timingSafeEqual(Buffer.from(mac, 'hex'), sign(text))) return undefined
			if (Number.parseInt(minute, 36) * 60_000 <= nowMs) return undefined
			return { offerId: fromBase36(offer), patientId: fromBase36(patient) }
		},

		make(grant: Grant, expiresAtMs: number): string {
			const minute = Math.ceil(expiresAtMs / 60_000).toString(36)
			const text = [purposeOf(grant), inBase36(grant.appointmentId), inBase36(grant.patientId), minute].join('.')
			// In hexadecimal: a link must not end with a character that looks like punctuation.
			return `${text}.${sign(text).toString('hex')}`
		},

		/** Undefined for a token that has expired, or that this server did not sign. */
		read(token: string, nowMs: number): Grant | undefined {
			const [, text = '', purpose = '', appointment = '', patient = '', minute = '', mac = ''] =
				/^(([vesp])\.([0-9a-z]{1,12})\.([0-9a-z]{1,12})\.([0-9a-z]{1,8}))\.([0-9a-f]{32})$/.exec(token) ?? []
			if (!text || !timingSafeEqual(Buffer.from(mac, 'hex'), sign(text))) return undefined
			if (Number.parseInt(minute, 36) * 60_000 <= nowMs) return undefined
			const ids = { appointmentId: fromBase36(appointment), patientId: fromBase36(patient) }
			const channel = purposes[purpose as Purpose]
			return channel ? { ...ids, may: 'unsubscribe', channel } : { ...ids, may: 'act on visit' }
		},
	}
}

export type LinkTokens = ReturnType<typeof createLinkTokens>

/** Long enough to unsubscribe from a letter that is read late. */
const unsubscribeForMs = 90 * 86_400_000

export function linksOf(
	tokens: LinkTokens,
	publicUrl: string,
	{
		appointmentId,
		patientId,
		channel,
		visitEndsMs,
		nowMs,
		offerId,
	}: {
		/** Of a message that offers a visit: `visit` then shows the offer. */
		offerId?: string | undefined
		appointmentId: string
		patientId: string
		channel: NotificationChannel
		visitEndsMs: number
		nowMs: number
	},
): { visit: string; unsubscribe: string } {
	const ids = { appointmentId, patientId }
	const offer = offerId !== undefined && `${publicUrl}/o/${tokens.makeForOffer({ offerId, patientId }, visitEndsMs)}`
	return {
		visit: offer || `${publicUrl}/n/${tokens.make({ ...ids, may: 'act on visit' }, visitEndsMs)}`,
		unsubscribe: `${publicUrl}/n/${tokens.make({ ...ids, may: 'unsubscribe', channel }, Math.max(nowMs, visitEndsMs) + unsubscribeForMs)}`,
	}
}

const purposeOf = (grant: Grant): Purpose => (grant.may === 'act on visit' ? 'v' : (grant.channel.charAt(0) as Purpose))

const inBase36 = (digits: string) => BigInt(digits).toString(36)

function fromBase36(text: string): string {
	let value = 0n
	for (const character of text) value = value * 36n + BigInt(Number.parseInt(character, 36))
	return value.toString()
}
