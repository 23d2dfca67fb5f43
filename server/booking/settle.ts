import type { RefusalCode } from '../../contract/index.ts'
import { violatedConstraint } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { groupBy } from '../platform/group-by.ts'
import type { Handler } from '../platform/mailbox/mailbox.ts'
import type { Log } from '../platform/observability/log.ts'
import type { NoticePolicy } from '../reminders/ledger.ts'
import type { BoardEnd, BoardSeen, Claim, WonSlot } from '../slots/board-rider.ts'
import { slotId } from '../slots/slot-id.ts'
import { readAlternatives } from './alternatives.ts'
import type { Effects } from './effects.ts'
import { type Facts, type HoldsByDoctor, readFacts } from './facts.ts'
import { outcomesOf, refusedOutcome } from './outcomes.ts'
import { type Batch, parcelOf, type QueueRequest } from './requests.ts'
import { claimantOf, type Decided, decideBatch, type State } from './rules.ts'
import { type Offering, writeDecisions } from './write.ts'

/**
 * Settles a batch of doctors' mailboxes: read facts → decide → claim → write → effects. Everything before the write can be repeated.
 * If this node dies after it, the node that next finds the requests in their mailboxes also finds their outcomes, and does the
 * effects.
 */
export function createSettle(deps: SettleDeps): Handler<QueueRequest, BoardSeen, BoardEnd> {
	const { run, policy, notices, offering, claim, effects, log } = deps

	return {
		async settle(batch) {
			const requests = batch.entries.map(({ message }) => message)
			const holds = holdsOf(batch)
			const facts = await readFacts(run, requests, { holds, nowMs: batch.nowMs, policy: await policy() })
			const { decided, announced, won } = await decideAndClaim(batch, requests, facts, holds)
			const [written, alternativesFor] = await Promise.all([
				writeDecisions(
					run,
					notices,
					decided,
					{ dayOf: facts.day, maxUpcoming: facts.policy.maxUpcoming },
					{ ...offering, boards: boardsOf(batch, holds) },
				),
				readAlternatives({ run, holds, appointment: id => facts.appointments.get(id) }, decided, idsOf(won)),
			])
			const settled = outcomesOf({ facts, requests, holds, decided, announced, won, written, alternativesFor })
			await effects.follow(batch, settled)
		},

		/** Refuses a request that the facts allow but the database does not: another request was faster, or the change is impossible. */
		async refuse(batch, error) {
			const requests = batch.entries.map(({ message }) => message)
			const code = refusalFor(error)
			const requestId = requests.flatMap(request => (request.kind === 'announce' ? [] : request.origin.requestId))[0]
			log[code === 'internal' ? 'error' : 'info']({ err: error, requestId }, 'request refused by the database')
			const decided: Decided[] = requests.flatMap(request =>
				request.kind === 'announce' ? [] : [{ request, decision: { do: 'refuse', code } }],
			)
			// The refusal is kept like any other, except when the fault is ours: then a repetition may try again.
			if (code !== 'internal') await writeDecisions(run, notices, decided)
			const alternativesFor = await readAlternatives({ run, holds: holdsOf(batch), appointment: () => undefined }, decided, new Set())
			await effects.follow(batch, refusedOutcome({ requests, decided, alternativesFor }))
		},
	}

	/** Decides again whenever a new hold appears between the decision and its claims. */
	async function decideAndClaim(batch: Batch, requests: readonly QueueRequest[], facts: Facts, holds: MutableHolds) {
		for (;;) {
			const { decided, announced } = decideBatch(facts, requests)
			const won = decided.flatMap(each => slotsWon(facts, each))
			const held = await claimAll(batch, won)
			if (held.length === 0) return { decided, announced, won }
			for (const { doctorId, minute, userId } of held)
				holds.get(doctorId)?.set(minute, { userId, name: '', role: 'patient', untilMs: facts.nowMs })
		}
	}

	/** Claims the slots, and returns those that another account holds by now. @throws FencedOff */
	async function claimAll(batch: Batch, won: readonly WonSlot[]) {
		const answers = await Promise.all(
			[...groupBy(won, ({ slot }) => slot.doctorId)].map(async ([doctorId, slots]) => {
				const { lease, seen } = parcelOf(batch, doctorId)
				const wanted = slots.filter(({ slot }) => !seen.claimed.has(slot.startMinute))
				if (wanted.length === 0) return []
				const held = await claim(lease, doctorId, wanted)
				if (held.length === 0) for (const { slot } of wanted) seen.claimed.add(slot.startMinute)
				return held.map(each => ({ doctorId, ...each }))
			}),
		)
		return answers.flat()
	}
}

export type SettleDeps = {
	run: Run
	/** Read for every batch: the clinic may change it. */
	policy: () => Promise<State['policy']>
	/** By which channels and how long before a visit patients get messages. */
	notices: NoticePolicy
	/** On which terms freed slots are offered to patients who wait. */
	offering: Omit<Offering, 'boards'>
	claim: Claim
	effects: Effects
	log: Log
}

type MutableHolds = Map<string, BoardSeen['holders']> & HoldsByDoctor

function holdsOf(batch: Batch): MutableHolds {
	return new Map([...batch.parcels].map(([doctorId, { seen }]) => [doctorId, seen.holders]))
}

/** What accounts hold of the calendars whose mailboxes are drained. */
function boardsOf(batch: Batch, holds: HoldsByDoctor): Offering['boards'] {
	return Object.fromEntries([...batch.parcels.keys()].map(doctorId => [doctorId, [...(holds.get(doctorId)?.keys() ?? [])]]))
}

function slotsWon(facts: Facts, { request, decision }: Decided): WonSlot[] {
	const slots = decision.do === 'book' || decision.do === 'offer' ? decision.slots : decision.do === 'update' ? decision.taken : []
	const patientId =
		request.kind === 'book' || request.kind === 'offer' ? request.patientId : decision.do === 'update' ? decision.before.patientId : ''
	const patient = facts.patient(patientId)
	return slots.map(slot => ({ slot, userId: claimantOf(request, patient, facts.holderOf(slot.doctorId, slot.startMinute)) }))
}

function idsOf(won: readonly WonSlot[]): Set<string> {
	return new Set(won.map(({ slot }) => slotId(slot.doctorId, slot.startMinute)))
}

/** Chooses the code for a request that can never succeed, which is refused so that it does not block those behind it. */
function refusalFor(error: unknown): RefusalCode {
	const constraint = violatedConstraint(error)
	if (constraint === 'appointments_patient_overlap') return 'patient_overlap'
	if (constraint === 'appointments_doctor_overlap') return 'slot_booked'
	// The file became part of another one meanwhile.
	if (constraint === 'appointments_patient_id_fkey') return 'not_found'
	if (constraint === 'appointment_slots_offered_or_booked' || constraint === 'slot_offers_one_a_slot') return 'slot_held'
	if (constraint === 'slot_offers_one_a_visit' || constraint === 'slot_offers_one_a_patient') return 'wrong_status'
	return refusalOfState[(error as { code?: string }).code ?? ''] ?? 'internal'
}

/** By the SQLSTATE of the functions that check the statement's effects. */
const refusalOfState: Record<string, RefusalCode> = {
	LS001: 'slot_booked',
	LS002: 'daily_limit',
	LS003: 'upcoming_limit',
	LS004: 'slot_blocked',
	LS005: 'type_not_offered',
	LS006: 'offer_ended',
	LS007: 'wrong_status',
}
