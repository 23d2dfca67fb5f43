import type { Hold } from '../../contract/index.ts'
import { type AppointmentTypes, minutesWith, termsOf, whyNotInTerms } from '../clinic/appointment-types.ts'
import type { Doctors } from '../clinic/doctors.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { groupBy } from '../platform/group-by.ts'
import type { Redis } from '../platform/redis/redis.ts'
import { Refusal } from '../platform/refusal.ts'
import { nearestOffers, readFreeSlots } from './alternatives.ts'
import { consecutiveSlots, readSlots, type StoredSlot, slotKey, whyUnavailable } from './availability.ts'
import { createHoldScripts } from './board.ts'
import { type Held, jsonBeforeState } from './codec.ts'
import { type Attempt, createHoldCount, type EndedHold } from './hold-count.ts'
import type { HoldHistory } from './hold-history.ts'
import { parseSlotId, type SlotRef } from './slot-id.ts'

export function createHolds({ redis, run, types, doctors, history, knownVersion, holdMs, holdMsStaff, nowMs }: HoldsDeps): Holds {
	const scripts = createHoldScripts(redis)
	const count = createHoldCount(redis)
	const { read } = scripts

	return {
		place,
		read,
		async release(actor, id) {
			const ref = refOf(id)
			const ended = await scripts.release(ref.doctorId, actor.userId, ref.startMinute)
			await count.strike(ended)
			if (ended.length === 0) throw new Refusal('hold_expired')
			noteEnds('released', ended)
		},
		mayHold: async userId => (await count.slotsOf(userId)).length > 0,
		beginGrace: userId => graceAll(userId, graceMs),
		endGrace: userId => graceAll(userId, 0),
		forget: count.forget,
		count: scripts.count,
		async sweep() {
			const { isHeld, ended } = await scripts.expire()
			noteEnds('expired', ended)
			// An entry that cannot be removed expires by itself.
			await count.strike(ended).catch(() => {})
			return isHeld
		},
	}

	async function place(actor: HoldingActor, request: HoldRequest, { throughSocket = false, once }: PlaceOptions = {}): Promise<Hold> {
		if (actor.mustCallToBook) throw new Refusal('forbidden', { message: 'Please call the clinic to book' })
		const ref = refOf(request.slotId)
		const type = request.typeId === undefined ? undefined : await types.rulesOf(request.typeId)
		if (!(await doctors.exists(ref.doctorId))) throw new Refusal('not_found')
		const isOwnCalendar = actor.role === 'doctor' && actor.userId === ref.doctorId
		const minutes = type && minutesWith(type, ref.doctorId, isStaff(actor) || isOwnCalendar) + type.bufferMinutes
		const outOfTerms = type && whyNotInTerms(termsOf(type), ref.startMinute, !isStaff(actor) && !isOwnCalendar, nowMs())
		if (outOfTerms) throw new Refusal(outOfTerms)
		const lifetimeMs = isStaff(actor) ? holdMsStaff : holdMs
		const limit = isStaff(actor) ? holdLimit.staff : holdLimit.patient
		const attempt = once ?? count.begin(actor.userId, limit, lifetimeMs)
		try {
			const { untilMs, ended, slotIds } = await placeInRounds({
				actor,
				ref,
				minutes,
				until: isStaff(actor) || isOwnCalendar ? 'end' : 'start',
				limit,
				lifetimeMs,
				ceilingMs: once ? lifetimeMs : lifetimeMs * ceilingFactor,
				throughSocket,
				attempt,
			})
			attempt.placed(untilMs)
			notePlaced(actor.userId, slotIds, ended)
			// Lets the caller hold other slots at once in place of the ended ones. An entry that cannot be removed expires with its
			// hold.
			if (ended.length > 0) await count.strike(ended).catch(() => {})
			return { slotId: request.slotId, slotIds, doctorId: ref.doctorId, expiresAt: new Date(untilMs).toISOString() }
		} catch (error) {
			// A refusal means that no hold exists. After any other error one may exist, and stays counted until it would have expired.
			if (error instanceof Refusal) await attempt.withdraw().catch(() => {})
			throw error
		}
	}

	/** A hold that is renewed goes on: only slots that were not the holder's before are new, and only those left behind are released. */
	function notePlaced(userId: string, slotIds: readonly string[], ended: readonly EndedHold[]) {
		const renewed = new Set(ended.flatMap(each => (each.userId === userId && slotIds.includes(each.slotId) ? [each.slotId] : [])))
		const left = ended.filter(({ slotId }) => !renewed.has(slotId))
		noteEnds(
			'released',
			left.filter(each => each.userId === userId),
		)
		noteEnds(
			'expired',
			left.filter(each => each.userId !== userId),
		)
		history.note(
			'held',
			userId,
			slotIds.filter(id => !renewed.has(id)),
		)
	}

	function noteEnds(what: 'released' | 'expired', ended: readonly EndedHold[]) {
		for (const { userId, slotId } of ended) history.note(what, userId, [slotId])
	}

	async function graceAll(userId: string, ms: number) {
		const refs = (await count.slotsOf(userId)).flatMap(id => parseSlotId(id) ?? [])
		const byDoctor = groupBy(refs, ({ doctorId }) => doctorId)
		await Promise.all(
			[...byDoctor].map(([doctorId, ofDoctor]) =>
				scripts.grace(
					doctorId,
					userId,
					ofDoctor.map(({ startMinute }) => startMinute),
					ms,
				),
			),
		)
	}

	/** Places the hold on the slots that the database has, and reads them again when a booking came between. */
	async function placeInRounds(wish: Wish) {
		const { ref, minutes, until } = wish
		// Counts while the slots are being read. The count may fail before it is awaited.
		const counting = countSlots(wish, [slotKey(ref)])
		counting.catch(() => {})
		// A holder usually watches the calendar, so this node knows the version already.
		let known = knownVersion(ref.doctorId) ?? (await scripts.truth(ref.doctorId))
		for (let round = 0; round < maxRounds; round++) {
			const finding = findSlots(ref, minutes, until)
			finding.catch(() => {})
			await counting
			const slots = await finding
			const slotIds = slots.map(slotKey)
			await countSlots(wish, slotIds)
			const placed = await placeOn(wish, slots, known)
			if (placed.state === 'held') throw await refuse('slot_held', ref, minutes)
			if (placed.state === 'placed') return { ...placed, slotIds }
			known = placed.truth
		}
		throw new Refusal('booking_pending', { message: 'The calendar is very busy; try again', retryAfterSeconds: 1 })
	}

	/** Reads the requested slots and checks that they are free in the database. */
	async function findSlots(ref: SlotRef, minutes: number | undefined, until: 'start' | 'end'): Promise<StoredSlot[]> {
		const { doctorId, startMinute } = ref
		const found = await readSlots(run, [{ doctorId, fromMinute: startMinute, untilMinute: startMinute + (minutes ?? 1) }])
		const byStart = new Map(found.map(slot => [slot.startMinute, slot]))
		const wanted = consecutiveSlots(minute => byStart.get(minute), startMinute, minutes)
		const code = 'refusal' in wanted ? wanted.refusal : whyUnavailable(wanted.slots, nowMs(), until)
		if (code === 'slot_booked' || code === 'slot_held' || code === 'slot_blocked' || code === 'slot_in_past')
			throw await refuse(code, ref, minutes)
		if (code) throw new Refusal(code)
		return (wanted as { slots: StoredSlot[] }).slots
	}

	async function refuse(code: 'slot_booked' | 'slot_blocked' | 'slot_in_past' | 'slot_held', ref: SlotRef, minutes: number | undefined) {
		const [free, { holders }] = await Promise.all([
			readFreeSlots(run, [{ doctorId: ref.doctorId, minute: ref.startMinute }]),
			read(ref.doctorId),
		])
		const alternatives = nearestOffers(ref.doctorId, free.get(ref.doctorId) ?? [], minute => holders.has(minute), ref.startMinute, minutes)
		return new Refusal(code, { extra: { alternatives } })
	}

	function placeOn(
		{ actor, ref, lifetimeMs, ceilingMs, throughSocket, attempt }: Wish,
		slots: readonly StoredSlot[],
		knownVersion: number,
	) {
		return scripts.place({
			doctorId: ref.doctorId,
			knownVersion,
			userId: actor.userId,
			who: { name: actor.fullName, role: actor.role },
			attempt: attempt.id,
			holdMs: lifetimeMs,
			ceilingMs,
			slots: slots.map(slot => ({ minute: slot.startMinute, json: jsonBeforeState(slot) })),
			throughSocket,
		})
	}
}

/** An account, or a browser without one. */
export type HoldingActor = Pick<Actor, 'userId' | 'fullName' | 'role' | 'mustCallToBook'>

type PlaceOptions = {
	throughSocket?: boolean
	/** Counts the hold in place of the account's own count; such a hold is not prolonged when it is placed again. */
	once?: Attempt
}

export type HoldRequest = { slotId: string; typeId?: string | undefined }

export type HoldsDeps = {
	redis: Redis
	run: Run
	types: AppointmentTypes
	doctors: Doctors
	history: Pick<HoldHistory, 'note'>
	/** The version of a calendar that this node follows, as far as changes have arrived here. */
	knownVersion: (doctorId: string) => number | undefined
	holdMs: number
	holdMsStaff: number
	nowMs: () => number
}

export type Holds = {
	/** Places a hold, or renews the actor's own. @throws Refusal */
	place(actor: HoldingActor, request: HoldRequest, options?: PlaceOptions): Promise<Hold>
	/** @throws Refusal hold_expired when the caller holds no such slot */
	release(actor: Pick<Actor, 'userId'>, slotId: string): Promise<void>
	read(doctorId: string): Promise<Held>
	/** Whether the account may have holds. False is certain, true is not. */
	mayHold(userId: string): Promise<boolean>
	/** Shortens the holds that a disconnected holder placed through a socket to a grace. */
	beginGrace(userId: string): Promise<void>
	/** Restores the holds after their holder has reconnected. */
	endGrace(userId: string): Promise<void>
	/** Removes slots that became appointments from their holder's count. */
	forget(userId: string, slotIds: readonly string[]): Promise<void>
	/** Counts the slots that are held by all accounts. */
	count(): Promise<number>
	/** Removes expired holds. Returns false when no hold exists that could expire. */
	sweep(): Promise<boolean>
}

/** How many slots an account may hold at once: enough to compare, too few to hoard. A single longer appointment may have more. */
export const holdLimit = { patient: 5, staff: 20 }
/** A hold can be renewed until it is this many times as old as it lasts. */
const ceilingFactor = 5
const graceMs = 10_000
/** New bookings may keep making the read slots outdated. After this many rounds the caller is asked to try again. */
const maxRounds = 12

type Wish = {
	actor: HoldingActor
	ref: SlotRef
	minutes: number | undefined
	/** How long the actor may have a slot: patients until it starts, staff until it ends. */
	until: 'start' | 'end'
	limit: number
	lifetimeMs: number
	ceilingMs: number
	throughSocket: boolean
	attempt: Attempt
}

function refOf(id: string): SlotRef {
	const ref = parseSlotId(id)
	if (!ref) throw new Refusal('not_found')
	return ref
}

/** @throws Refusal hold_limit */
async function countSlots({ attempt, limit }: { attempt: Attempt; limit: number }, slotIds: readonly string[]) {
	if (await attempt.count(slotIds)) return
	throw new Refusal('hold_limit', { message: `At most ${limit} slots can be held at once`, retryAfterSeconds: 5 })
}
