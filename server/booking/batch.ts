import type { AppointmentChange, RefusalCode } from '../../contract/index.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { NoticePolicy } from '../reminders/policy.ts'
import { availabilityOf, type StoredSlot } from '../slots/availability.ts'
import { type FullSlot, fullSlot } from '../slots/codec.ts'
import { slotId } from '../slots/slot-id.ts'
import { readAlternatives, refusalOf } from './offers.ts'
import type { Happening, Outcome, SettledOutcome } from './outcome.ts'
import type { Announcement, ChangeRequest, QueueRequest } from './request.ts'
import { createDecider, type Decided, isSlotRefusal, type State } from './rules.ts'
import { newAppointment, writeDecisions } from './settlement.ts'
import { type BatchState, type Facts, type HoldsByDoctor, readFacts, stateOf } from './state.ts'
import { type FullAppointment, toWire } from './store.ts'

/** Requests that one transaction settles; more wait for the next. */
export const maxBatch = 600

/** A slot that a winner of the batch takes. */
export type ClaimedSlot = { slot: StoredSlot; userId: string }

export type BatchDeps = {
	run: Run
	policy: State['policy']
	/** How patients are told of what happens to their visits. */
	notices: NoticePolicy
	requests: readonly QueueRequest[]
	holds: HoldsByDoctor
	nowMs: number
	/** What the requests depend on, as it was read while they were being queued. */
	readAhead?: Promise<Facts> | undefined
	/**
	 * Keeps new holds off the slots until the batch is settled. Answers with slots that somebody else holds by now;
	 * if there are any, nothing was claimed of that doctor.
	 */
	claim: (slots: readonly ClaimedSlot[]) => Promise<{ doctorId: string; startMinute: number; userId: string }[]>
}

export type BatchResult = {
	/** The requests that are settled; the rest depend on them and wait for the next batch. */
	settled: QueueRequest[]
	outcomes: SettledOutcome[]
	/** Slots whose state is to be told, by doctor, in order; holds are laid over them as they are told. */
	changes: Map<string, FullSlot[]>
	/** Slots of other doctors that were freed: to be told in their own queues. */
	elsewhere: Announcement[]
	happenings: Happening[]
	/** Holds that end with the batch: their slots are booked, blocked or gone. */
	endedHolds: { doctorId: string; startMinute: number; userId: string }[]
	/** Calendars that are to be shown anew. */
	resets: Set<string>
}

const changeNames: Record<ChangeRequest['kind'], AppointmentChange> = {
	book: 'booked',
	cancel: 'cancelled',
	reschedule: 'rescheduled',
	status: 'status',
}

const decideAll = (state: State, requests: readonly QueueRequest[]) => {
	const decide = createDecider(state)
	const decided: Decided[] = []
	const announced: Announcement[] = []
	const waiting = new Set<string>()
	for (const request of requests) {
		// Requests of one doctor are settled in order: when one waits, so do those behind it.
		if (waiting.has(request.doctorId)) continue
		if (request.kind === 'announce') {
			announced.push(request)
			continue
		}
		const decision = decide(request)
		if (decision === null) waiting.add(request.doctorId)
		else decided.push({ request, decision })
	}
	return { decided, announced }
}

const slotsTaken = ({ request, decision }: Decided): ClaimedSlot[] => {
	const slots = decision.do === 'book' ? decision.slots : decision.do === 'update' ? decision.taken : []
	return slots.map(slot => ({ slot, userId: request.by }))
}

/** Decides, claims what was won, and decides again while a hold slips in between. */
const decideAndClaim = async (state: BatchState, { requests, holds, claim }: BatchDeps) => {
	for (;;) {
		const result = decideAll(state, requests)
		const won = result.decided.flatMap(slotsTaken)
		const held = won.length > 0 ? await claim(won) : []
		if (held.length === 0) return { ...result, won }
		for (const { doctorId, startMinute, userId } of held) {
			const ofDoctor = holds.get(doctorId) ?? new Map()
			holds.set(doctorId, ofDoctor)
			ofDoctor.set(startMinute, { userId, name: '', role: 'patient', untilMs: state.nowMs })
		}
	}
}

/**
 * Decides by what was read ahead, as long as everything is granted: what is granted is checked again when it is written.
 * A refusal needs what was read with the lock, or it could miss what an older request has just done.
 */
const decideBatch = async (deps: BatchDeps) => {
	const { run, requests, holds, readAhead } = deps
	const early = await readAhead?.catch(() => undefined)
	if (early) {
		const state = stateOf(early, deps)
		if (decideAll(state, requests).decided.every(({ decision }) => decision.do === 'book'))
			return { state, ...(await decideAndClaim(state, deps)) }
	}
	const state = stateOf(await readFacts(run, requests, holds), deps)
	return { state, ...(await decideAndClaim(state, deps)) }
}

/** The appointment as it is after a decision. */
const settledAppointment = (state: BatchState, each: Decided, atMs: number, newIds: Map<string, string>): FullAppointment | undefined => {
	const { request, decision } = each
	if (decision.do === 'update') {
		const before = state.appointments.get(decision.before.id)
		return before && { ...before, ...decision.after, sequence: before.sequence + 1, updatedAtMs: atMs }
	}
	if (decision.do === 'repeat') return state.appointments.get(decision.prior.appointmentId ?? '')
	const [created] = newAppointment(request, decision)
	const id = newIds.get(`${request.by} ${request.key}`)
	if (!created || !id) return undefined
	const patient = state.patients.get(created.patientId)
	return {
		id,
		doctorId: created.doctorId,
		patientId: created.patientId,
		typeId: created.typeId,
		startMinute: created.startMinute,
		endMinute: created.endMinute,
		slotMinutes: [...created.slotMinutes],
		typeMinutes: request.kind === 'book' ? request.minutes : undefined,
		status: 'booked',
		sequence: 0,
		reason: created.reason ?? null,
		bookedBy: request.by,
		createdAtMs: atMs,
		updatedAtMs: atMs,
		patientName: patient?.name ?? '',
		patientUserId: patient?.userId ?? null,
	}
}

/** Slots of a doctor as they are after the batch. */
const changedSlots = (state: BatchState, each: Decided, appointment: FullAppointment): StoredSlot[] => {
	const { decision } = each
	const known = appointment.slotMinutes.flatMap(minute => state.slots.get(slotId(appointment.doctorId, minute)) ?? [])
	// A repetition tells the slots as they are read now, which may be later than what it did.
	if (decision.do === 'repeat') return known
	const shown = { id: appointment.id, status: appointment.status, patientName: appointment.patientName }
	const freed = decision.do === 'update' ? decision.freed.map(slot => ({ ...slot, appointment: null })) : []
	const occupied = appointment.status === 'cancelled' ? [] : known.map(slot => ({ ...slot, appointment: shown }))
	return [...freed, ...occupied]
}

/**
 * Settles requests in order: reads what they depend on, decides, claims, writes all of it in one transaction.
 * The caller tells afterwards what it returns.
 *
 * @throws DatabaseError when the database has moved on meanwhile, or refuses: then nothing is settled
 */
export const settleBatch = async (deps: BatchDeps): Promise<BatchResult> => {
	const { run, requests, holds, nowMs } = deps
	const { state, decided, announced, won } = await decideBatch(deps)
	const appointment = (id: string) => state.appointments.get(id)
	const [{ atMs, bookings }, alternativesFor] = await Promise.all([
		writeDecisions(deps, decided),
		readAlternatives(
			{ run, holds, appointment },
			decided,
			won.map(({ slot }) => slot),
		),
	])
	const newIds = new Map(bookings.map(({ by, key, id }) => [`${by} ${key}`, id]))

	const result: BatchResult = {
		settled: [...decided.map(({ request }) => request), ...announced],
		outcomes: [],
		changes: new Map(),
		elsewhere: [],
		happenings: [],
		endedHolds: won.map(({ slot, userId }) => ({ doctorId: slot.doctorId, startMinute: slot.startMinute, userId })),
		resets: new Set(),
	}
	const drained = new Set(requests.map(request => request.doctorId))
	const outcomeById = new Map<string, Outcome>()

	const tell = (slots: readonly StoredSlot[]) => {
		for (const slot of slots) {
			if (!drained.has(slot.doctorId)) {
				result.elsewhere.push({ kind: 'announce', doctorId: slot.doctorId, minutes: [slot.startMinute] })
				continue
			}
			const holder = holds.get(slot.doctorId)?.get(slot.startMinute)
			const list = result.changes.get(slot.doctorId) ?? []
			result.changes.set(slot.doctorId, list)
			// Holds come and go until the moment of telling, and are looked at then.
			const full = fullSlot(slot, undefined, nowMs)
			list.push(full)
			if (holder && full.state !== 'free')
				result.endedHolds.push({ doctorId: slot.doctorId, startMinute: slot.startMinute, userId: holder.userId })
		}
	}

	const tellAnew = (doctorId: string) => {
		if (drained.has(doctorId)) result.resets.add(doctorId)
		else result.elsewhere.push({ kind: 'announce', doctorId, minutes: undefined })
	}

	const conclude = (each: Decided): Outcome => {
		const { request, decision } = each
		if (decision.do === 'forward') return { forward: decision.doctorId }
		if (decision.do === 'repeat-of') return outcomeById.get(decision.request.id) ?? { refused: 'internal' }
		const code = refusalOf(each)
		if (code) {
			const alternatives = alternativesFor(request)
			return { refused: code, ...(alternatives && { alternatives }) }
		}
		const appointment = settledAppointment(state, each, atMs, newIds)
		if (!appointment) return { refused: 'internal' }
		const wire = toWire(appointment)
		// A crashed node may have written this very request and told nobody; a caller's repetition needs no telling.
		if (decision.do !== 'repeat' || decision.prior.requestId === request.id) {
			tell(changedSlots(state, each, appointment))
			// Which slots a move left is not in the database any more.
			if (decision.do === 'repeat' && request.kind === 'reschedule')
				for (const id of new Set([request.doctorId, request.fromDoctorId])) tellAnew(id)
			const doctorIds = decision.do === 'update' ? [decision.before.doctorId, appointment.doctorId] : [appointment.doctorId]
			result.happenings.push({
				appointment: wire,
				change: changeNames[request.kind],
				patientUserId: appointment.patientUserId,
				doctorIds: [...new Set(doctorIds)],
			})
		}
		return { done: wire }
	}

	// First, because they tell slots as they were read, before what the batch itself does to them.
	for (const { doctorId, minutes } of announced) {
		if (minutes) {
			tell(minutes.flatMap(minute => state.slots.get(slotId(doctorId, minute)) ?? []))
			continue
		}
		result.resets.add(doctorId)
		for (const [startMinute, { userId }] of holds.get(doctorId) ?? []) {
			const slot = state.slots.get(slotId(doctorId, startMinute))
			if (!slot || availabilityOf(slot, nowMs) !== 'free') result.endedHolds.push({ doctorId, startMinute, userId })
		}
	}
	for (const each of decided) {
		const outcome = conclude(each)
		outcomeById.set(each.request.id, outcome)
		result.outcomes.push({ request: each.request, outcome })
	}
	return result
}

/**
 * Refuses a request that the database would not have. The refusal is kept like any other, unless it is our fault: then
 * a repetition deserves another try.
 */
export const settleRefusal = async (
	{ run, holds, notices }: Pick<BatchDeps, 'run' | 'holds' | 'notices'>,
	request: QueueRequest,
	code: RefusalCode,
): Promise<BatchResult> => {
	const decided: Decided[] = request.kind === 'announce' ? [] : [{ request, decision: { do: 'refuse', code } }]
	if (code !== 'internal') await writeDecisions({ run, notices }, decided)
	const alternativesFor = await readAlternatives({ run, holds, appointment: () => undefined }, decided, [])
	return {
		settled: [request],
		outcomes: decided.map(each => {
			const alternatives = isSlotRefusal(code) ? alternativesFor(each.request) : undefined
			return { request: each.request, outcome: { refused: code, ...(alternatives && { alternatives }) } }
		}),
		changes: new Map(),
		elsewhere: [],
		happenings: [],
		endedHolds: [],
		resets: new Set(),
	}
}
