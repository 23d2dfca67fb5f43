import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'
import { endpoints, type Hold } from '../../contract/index.ts'
import { isStaff } from '../identity/actor.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { feedKeys } from '../platform/live/feed.ts'
import { defineScript, type Redis, readLua } from '../platform/redis/redis.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { networkOf } from '../platform/security/client-address.ts'
import { derivedKey } from '../platform/security/derived-key.ts'
import type { CreateLimiter } from '../platform/security/rate-limit.ts'
import { boardLua, holdKeys } from './board.ts'
import { type Attempt, createHoldCount } from './hold-count.ts'
import type { HoldHistory } from './hold-history.ts'
import { type HoldingActor, type HoldRequest, type Holds, holdLimit } from './holds.ts'
import { parseSlotId } from './slot-id.ts'

/**
 * Holds without an account, for people who sign up on the way to a slot.
 *
 * Hoarding does not pay: a browser has one such hold, a network address, a doctor's calendar and the clinic a few at once; none is
 * prolonged; and a slot can be held so only for a part of the time, by however many guests (docs/security.md).
 */
export function createGuestHolds({ redis, holds, history, limiter, holdMs, serverSecret, secureCookie, limit }: GuestHoldsDeps): {
	routes: Route[]
} {
	const count = createHoldCount(redis)
	const handOver = defineScript<[state: 'claimed' | 'gone', untilMs?: string]>(
		redis,
		'holdHandOver',
		boardLua + readLua('hand-over.lua', import.meta.url),
	)
	const perSlot = limiter({ name: 'guest-holds-slot', points: guestLimits.holdsPerSlot, perSeconds: guestLimits.perSeconds })
	const perNetwork = limiter({ name: 'guest-holds-network', points: guestLimits.holdsPerNetwork, perSeconds: guestLimits.perSeconds })
	const tokens = createGuestTokens(serverSecret)
	const cookies = createGuestCookies(tokens, secureCookie)

	return {
		routes: [
			publicRoute(endpoints.placeGuestHold, async ({ body, origin, req, res }) => {
				await limit(origin.ip)
				const network = tokens.mark(networkOf(origin.ip))
				const guest = cookies.read(req) ?? cookies.give(res)
				return await place({ guest, network }, body)
			}),
			publicRoute(endpoints.releaseGuestHold, async ({ body, req }) => {
				const token = body.guestToken ?? req.get('Guest-Token')
				if (token === undefined) throw invalidInput('guestToken', 'send the token that came with the hold')
				await release(tokens.read(token))
			}),
			route(endpoints.claimGuestHold, async ({ body }, actor) => ({ hold: await claim(actor, tokens.read(body.guestToken)) })),
		],
	}

	async function place({ guest, network }: { guest: string; network: string }, request: HoldRequest) {
		const ref = parseSlotId(request.slotId)
		if (!ref) throw new Refusal('not_found')
		const earlier = await count.slotsOf(guest)
		// A double tap asks for the hold that exists.
		if (!earlier.includes(request.slotId)) {
			await Promise.all([perNetwork.check(network), perSlot.check(request.slotId)])
		}
		// Briefly the browser holds the slot that it leaves, too.
		const once = countedByAll(count.begin(guest, holdLimit.staff, holdMs), [
			count.begin(clinicKey, guestLimits.slotsInAll, holdMs),
			count.begin(doctorKey(ref.doctorId), guestLimits.slotsPerDoctor, holdMs),
			count.begin(networkKey(network), guestLimits.slotsPerNetwork, holdMs),
		])
		const hold = await holds.place(holderOf(guest), request, { once })
		// Counted once it succeeded, so that refused attempts leave nothing in Redis.
		if (!earlier.includes(request.slotId)) {
			await Promise.all([perNetwork.consume(network), perSlot.consume(request.slotId)]).catch(() => {})
		}
		// Read again: of several calls at the same time, the last to get here leaves its own hold only.
		const others = (await count.slotsOf(guest)).filter(slotId => !hold.slotIds.includes(slotId))
		for (const slotId of others) await end({ guest, network, slotIds: [slotId] }).catch(() => {})
		return { hold, guestToken: tokens.write({ guest, network, slotIds: hold.slotIds }) }
	}

	async function release(held: GuestHold | undefined) {
		if (!held) throw new Refusal('hold_expired')
		await end(held)
	}

	async function end(held: GuestHold) {
		await holds.release(holderOf(held.guest), held.slotIds[0] as string)
		await uncount(held)
	}

	/** Counts the hold for the account first, like every hold, so that no held slot is uncounted whatever happens between. */
	async function claim(actor: HoldingActor, held: GuestHold | undefined): Promise<Hold> {
		const refs = (held?.slotIds ?? []).flatMap(id => parseSlotId(id) ?? [])
		const [first] = refs
		if (!held || !first) throw new Refusal('hold_expired')
		const { doctorId } = first
		const limitOfRole = isStaff(actor) ? holdLimit.staff : holdLimit.patient
		const attempt = count.begin(actor.userId, limitOfRole, holdMs)
		if (!(await attempt.count(held.slotIds))) {
			throw new Refusal('hold_limit', { message: `At most ${limitOfRole} slots can be held at once`, retryAfterSeconds: 5 })
		}
		const { holds: holdsKey, expiry } = holdKeys(doctorId)
		const { versionKey, channel } = feedKeys(doctorId)
		const { userId: user, fullName: name, role } = actor
		const minutes = refs.map(({ startMinute }) => startMinute)
		const wish = { channel, doctor: doctorId, guest: held.guest, user, name, role, attempt: attempt.id, minutes }
		const [state, until] = await handOver([holdsKey, expiry, versionKey], [JSON.stringify(wish)])
		if (state === 'gone') {
			await attempt.withdraw().catch(() => {})
			throw new Refusal('hold_expired')
		}
		const untilMs = Number(until)
		attempt.placed(untilMs)
		history.note('held', user, held.slotIds)
		// What cannot be removed from the counts expires with the hold.
		await uncount(held).catch(() => {})
		return { slotId: held.slotIds[0] as string, slotIds: held.slotIds, doctorId, expiresAt: new Date(untilMs).toISOString() }
	}

	async function uncount({ guest, network, slotIds }: GuestHold) {
		const doctorId = parseSlotId(slotIds[0] as string)?.doctorId ?? ''
		const keys = [guest, clinicKey, doctorKey(doctorId), networkKey(network)]
		await Promise.all(keys.map(key => count.forget(key, slotIds)))
	}
}

export type GuestHoldsDeps = {
	redis: Redis
	holds: Pick<Holds, 'place' | 'release'>
	history: Pick<HoldHistory, 'note'>
	limiter: CreateLimiter
	holdMs: number
	serverSecret: string
	/** Whether browsers send the cookie over HTTPS only. */
	secureCookie: boolean
	/** Counts a hold against its caller's address. @throws Refusal rate_limited */
	limit: (ip: string) => Promise<void>
}

/** Enough for a full waiting room behind one address; too few to keep patients from booking. */
export const guestLimits = {
	slotsInAll: 100,
	slotsPerDoctor: 8,
	slotsPerNetwork: 10,
	holdsPerNetwork: 60,
	/** With holds of two minutes, a slot is closed by guests six minutes of fifteen at most. */
	holdsPerSlot: 3,
	perSeconds: 900,
}

type GuestHold = { guest: string; network: string; slotIds: string[] }

const clinicKey = 'guests'
const doctorKey = (doctorId: string) => `guests-doctor-${doctorId}`
const networkKey = (network: string) => `guests-network-${network}`

/** Staff see that a guest holds the slot. The holder's id is no account's. */
function holderOf(guest: string): HoldingActor {
	return { userId: guest, fullName: 'Guest', role: 'patient' }
}

/** An attempt of the holder that other counts must admit, too, the clinic's first: it refuses a flood at once. */
function countedByAll(own: Attempt, others: readonly Attempt[]): Attempt {
	const all = [...others, own]
	return {
		id: own.id,
		async count(slotIds) {
			for (const attempt of all) if (!(await attempt.count(slotIds))) return false
			return true
		},
		placed(untilMs) {
			for (const attempt of all) attempt.placed(untilMs)
		},
		async withdraw() {
			await Promise.all(all.map(attempt => attempt.withdraw()))
		},
	}
}

/** Tokens and cookies say themselves what they stand for, signed, so that guests cost no memory beside their holds. */
function createGuestTokens(serverSecret: string) {
	const key = derivedKey(serverSecret, 'guest holds')
	const sign = (purpose: string, text: string) => createHmac('sha256', key).update(`${purpose} ${text}`).digest('base64url')
	return {
		/** Stands for a network address, which is not kept. */
		mark: (network: string) => sign('network', network).slice(0, 22),
		seal: (purpose: Purpose, text: string) => `${text}.${sign(purpose, text)}`,
		open,
		write(hold: GuestHold): string {
			return this.seal('hold', Buffer.from(JSON.stringify(hold)).toString('base64url'))
		},
		read(token: string): GuestHold | undefined {
			const text = open('hold', token)
			return text === undefined ? undefined : (JSON.parse(Buffer.from(text, 'base64url').toString()) as GuestHold)
		},
	}

	function open(purpose: Purpose, sealed: string): string | undefined {
		const [text = '', signature = ''] = sealed.split('.')
		const [given, right] = [Buffer.from(signature), Buffer.from(sign(purpose, text))]
		return given.length === right.length && timingSafeEqual(given, right) ? text : undefined
	}
}

type Purpose = 'hold' | 'browser'

/** The cookie tells browsers apart. One without it is a new browser, which its network's bounds count. */
function createGuestCookies(tokens: ReturnType<typeof createGuestTokens>, secure: boolean) {
	const name = secure ? '__Secure-liveslot-guest' : 'liveslot-guest'
	return {
		read: (req: Request): string | undefined => tokens.open('browser', parseCookie(req.headers.cookie ?? '')[name] ?? ''),
		give(res: Response): string {
			const guest = `guest-${randomBytes(16).toString('base64url')}`
			const value = tokens.seal('browser', guest)
			const attributes = { httpOnly: true, sameSite: 'strict', path: '/api/v1/guest-holds', maxAge: cookieSeconds, secure } as const
			res.append('Set-Cookie', stringifySetCookie({ name, value, ...attributes }))
			return guest
		},
	}
}

const cookieSeconds = 3600
