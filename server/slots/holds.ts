import { setImmediate as othersRead } from 'node:timers/promises'
import type { Hold } from '../../contract/index.ts'
import type { AppointmentTypes } from '../clinic/appointment-types.ts'
import { type Actor, isStaff } from '../identity/actor.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Redis } from '../platform/redis/redis.ts'
import { Refusal } from '../platform/refusal.ts'
import { nearestOffers, readFreeSlots } from './alternatives.ts'
import { readSlots, type StoredSlot } from './availability.ts'
import { createHoldScripts } from './board.ts'
import { type Held, jsonBeforeState } from './codec.ts'
import { parseSlotId, type SlotRef, slotId } from './slot-id.ts'
import { consecutiveSlots, whyUnavailable } from './slot-run.ts'

export type HoldsDeps = {
	redis: Redis
	run: Run
	types: AppointmentTypes
	/** The version of a calendar that this node follows, as far as it has arrived here. */
	knownVersion: (doctorId: string) => number | undefined
	holdMs: number
	holdMsStaff: number
	nowMs: () => number
}

export type HoldRequest = { slotId: string; typeId?: string | undefined }

export type Holds = {
	/** Places a hold, or renews one's own. @throws Refusal */
	place(actor: Actor, request: HoldRequest, options?: { throughSocket: boolean }): Promise<Hold>
	/** @throws Refusal hold_expired when the caller holds no such slot */
	release(actor: Actor, slotId: string): Promise<void>
	read(doctorId: string): Promise<Held>
	/** Whether the account may hold anything; false is certain. */
	mayHold(userId: string): Promise<boolean>
	/** The holder is gone: what was held through a socket lasts only for a short grace from now on. */
	beginGrace(userId: string): Promise<void>
	/** The holder is back: holds last as long as they would have. */
	endGrace(userId: string): Promise<void>
	/** Strikes slots that became appointments off their holder's count. */
	forget(userId: string, slotIds: readonly string[]): Promise<void>
	/** How many slots are held, by whomever. */
	count(): Promise<number>
	/** Frees what has run out. False when nothing is held that could. */
	sweep(): Promise<boolean>
}

/** How many slots may be held at once: enough to compare, too few to hoard. */
const holdLimit = { patient: 5, staff: 20 }
/** A hold can be renewed until it is this many times its length old. */
const ceilingFactor = 5
export const graceMs = 10_000
/** Bookings that keep coming in may outrun a hold; after so many rounds the caller is asked to try again. */
const maxRounds = 12

const refOf = (id: string): SlotRef => {
	const ref = parseSlotId(id)
	if (!ref) throw new Refusal('not_found')
	return ref
}

export const createHolds = ({ redis, run, types, knownVersion, holdMs, holdMsStaff, nowMs }: HoldsDeps): Holds => {
	const scripts = createHoldScripts(redis)

	const { read } = scripts

	const refuse = async (code: 'slot_booked' | 'slot_blocked' | 'slot_in_past' | 'slot_held', ref: SlotRef, minutes: number | undefined) => {
		const [free, { holders }] = await Promise.all([
			readFreeSlots(run, [{ doctorId: ref.doctorId, minute: ref.startMinute }]),
			read(ref.doctorId),
		])
		const alternatives = nearestOffers(ref.doctorId, free.get(ref.doctorId) ?? [], minute => holders.has(minute), ref.startMinute, minutes)
		return new Refusal(code, { extra: { alternatives } })
	}

	/** The slots asked for, checked against the database. */
	const findSlots = async (ref: SlotRef, minutes: number | undefined): Promise<StoredSlot[]> => {
		const { doctorId, startMinute } = ref
		const found = await readSlots(run, [{ doctorId, fromMinute: startMinute, untilMinute: startMinute + (minutes ?? 1) }])
		const byStart = new Map(found.map(slot => [slot.startMinute, slot]))
		const wanted = consecutiveSlots(minute => byStart.get(minute), startMinute, minutes)
		const code = 'refusal' in wanted ? wanted.refusal : whyUnavailable(wanted.slots, nowMs())
		if (code === 'slot_booked' || code === 'slot_blocked' || code === 'slot_in_past') throw await refuse(code, ref, minutes)
		if (code) throw new Refusal(code)
		return (wanted as { slots: StoredSlot[] }).slots
	}

	type Wanted = { ref: SlotRef; minutes: number | undefined; lifetimeMs: number; throughSocket: boolean }

	const placeOn = (actor: Actor, { ref, lifetimeMs, throughSocket }: Wanted, slots: readonly StoredSlot[], knownVersion: number) =>
		scripts.place({
			doctorId: ref.doctorId,
			knownVersion,
			userId: actor.userId,
			who: { name: actor.fullName, role: actor.role },
			holdMs: lifetimeMs,
			ceilingMs: lifetimeMs * ceilingFactor,
			slots: slots.map(slot => ({ minute: slot.startMinute, json: jsonBeforeState(slot) })),
			throughSocket,
		})

	/** Places the hold on what the database says, which is asked again when a booking came between. */
	const placeInRounds = async (actor: Actor, wanted: Wanted, mayHold: () => Promise<void>) => {
		const { ref, minutes } = wanted
		// Whoever holds a slot mostly watches the calendar: then this node knows its version without asking.
		let known = knownVersion(ref.doctorId) ?? (await scripts.truth(ref.doctorId))
		for (let round = 0; round < maxRounds; round++) {
			const finding = findSlots(ref, minutes)
			finding.catch(() => {})
			await mayHold()
			const slots = await finding
			const placed = await placeOn(actor, wanted, slots, known)
			// What watchers are told has arrived together with this answer, and goes first.
			await othersRead()
			if (placed.state === 'held') throw await refuse('slot_held', ref, minutes)
			if (placed.state === 'placed') return { ...placed, slots }
			known = placed.truth
		}
		throw new Refusal('booking_pending', { message: 'The calendar is very busy; try again', retryAfterSeconds: 1 })
	}

	const place: Holds['place'] = async (actor, request, { throughSocket } = { throughSocket: false }) => {
		const ref = refOf(request.slotId)
		const minutes = await types.minutesOf(request.typeId)
		const lifetimeMs = isStaff(actor) ? holdMsStaff : holdMs
		const limit = isStaff(actor) ? holdLimit.staff : holdLimit.patient
		// Counted while the slots are read.
		const reserving = scripts.reserve(actor.userId, request.slotId, limit, lifetimeMs)
		// It may fail while something else is waited for.
		reserving.catch(() => {})
		const underLimit = async () => {
			if ((await reserving) === 'limit')
				throw new Refusal('hold_limit', { message: `At most ${limit} slots can be held at once`, retryAfterSeconds: 5 })
		}
		try {
			const { untilMs, released, slots } = await placeInRounds(actor, { ref, minutes, lifetimeMs, throughSocket }, underLimit)
			// A count that cannot be corrected corrects itself when the hold would have run out.
			await Promise.allSettled([
				(await reserving) === 'renewed' && scripts.recount(actor.userId, { slotId: request.slotId, untilMs }),
				scripts.forget(actor.userId, released),
			])
			return {
				slotId: request.slotId,
				slotIds: slots.map(slot => slotId(slot.doctorId, slot.startMinute)),
				doctorId: ref.doctorId,
				expiresAt: new Date(untilMs).toISOString(),
			}
		} catch (error) {
			const reserved = await reserving.catch(() => 'unknown')
			if (reserved === 'new') await scripts.forget(actor.userId, [request.slotId]).catch(() => {})
			throw error
		}
	}

	const graceAll = async (userId: string, ms: number) => {
		const refs = (await scripts.heldBy(userId)).flatMap(id => parseSlotId(id) ?? [])
		const ends = await Promise.all(refs.map(({ doctorId, startMinute }) => scripts.grace(doctorId, userId, startMinute, ms)))
		await Promise.all(ends.flat().map(end => scripts.recount(userId, end)))
	}

	return {
		place,
		read,
		async release(actor, id) {
			const ref = refOf(id)
			const released = await scripts.release(ref.doctorId, actor.userId, ref.startMinute)
			await scripts.forget(actor.userId, [id, ...released])
			if (released.length === 0) throw new Refusal('hold_expired')
		},
		mayHold: async userId => (await scripts.heldBy(userId)).length > 0,
		beginGrace: userId => graceAll(userId, graceMs),
		endGrace: userId => graceAll(userId, 0),
		forget: scripts.forget,
		count: scripts.count,
		sweep: scripts.expire,
	}
}
