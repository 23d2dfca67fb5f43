import { maxBatch } from './batch.ts'
import type { Outcome, SettledOutcome } from './outcome.ts'
import type { RefuseTaken } from './refuse-taken.ts'
import type { BookingRequest, ChangeRequest } from './request.ts'
import type { Waiters } from './waiters.ts'

export type CrowdDeps = {
	waiters: Pick<Waiters, 'wait' | 'isWaiting' | 'fail' | 'deliver'>
	/** Puts a request into its doctor's queue. */
	enqueue: (request: ChangeRequest) => Promise<void>
	refuseTaken: RefuseTaken
	/** Told of those who were refused at the door. */
	observe: (refused: readonly SettledOutcome[]) => void
}

/** Requests for one doctor that this node has in the queue; who comes when there are as many waits until they are answered. */
const crowdedAt = 200
/** Refusals that one statement writes, and that are answered together. */
const refusedAtOnce = 2500

type Asked = { request: ChangeRequest; heard: Promise<Outcome> }

type Doctor = {
	/** Requests in the queue that are not answered. */
	queued: number
	/** Those at the door, in the order in which they came. */
	waiting: Asked[]
	/** Slots that were taken when they were last asked for, as long as there is a crowd. */
	taken: Set<string>
	/** Somebody sees to those at the door. */
	isOpening: boolean
}

const wishOf = ({ startMinute, minutes }: BookingRequest) => `${startMinute} ${minutes}`

const saysTaken = (outcome: Outcome) => 'done' in outcome || ('refused' in outcome && outcome.refused === 'slot_booked')

/**
 * The door before the doctors' queues. One or a hundred pass it at once. Of thousands who want one doctor's few slots, the first
 * are let into the queue and the rest wait; when the first have been answered, most slots are gone, and those who asked for them
 * are refused together, without a way through Redis. Who may still hope goes on into the queue, in order, as many as one batch takes.
 *
 * What is remembered here is only a reason to ask PostgreSQL, which refuses (docs/decisions/0005).
 */
export const createCrowd = ({ waiters, enqueue, refuseTaken, observe }: CrowdDeps) => {
	const doctors = new Map<string, Doctor>()

	const doctorOf = ({ doctorId }: ChangeRequest): Doctor => {
		const known = doctors.get(doctorId)
		if (known) return known
		const doctor = { queued: 0, waiting: [], taken: new Set<string>(), isOpening: false }
		doctors.set(doctorId, doctor)
		return doctor
	}

	/** Staff may ask for patients who do not exist, which has to be told first. */
	const isHopeless = ({ taken }: Doctor, request: ChangeRequest): boolean =>
		request.kind === 'book' && !request.privileged && taken.has(wishOf(request))

	const refuse = async (doctor: Doctor, doctorId: string, asked: readonly Asked[]) => {
		const requests = asked.map(({ request }) => request as BookingRequest)
		// Without PostgreSQL or Redis they learn in the queue what there is to learn.
		const outcomes = await refuseTaken(doctorId, requests).catch(() => [])
		waiters.deliver(outcomes)
		observe(outcomes)
		const refused = new Set(outcomes.map(({ request }) => request))
		for (const each of asked) {
			if (refused.has(each.request)) continue
			doctor.taken.delete(wishOf(each.request as BookingRequest))
			send(doctor, each)
		}
	}

	/** Who comes before the first with hope. */
	const takeHopeless = (doctor: Doctor): Asked[] => {
		// Who has been told to come back will ask again.
		doctor.waiting = doctor.waiting.filter(({ request }) => waiters.isWaiting(request.id))
		const withHope = doctor.waiting.findIndex(({ request }) => !isHopeless(doctor, request))
		return doctor.waiting.splice(0, Math.min(withHope === -1 ? doctor.waiting.length : withHope, refusedAtOnce))
	}

	const open = async (doctor: Doctor, doctorId: string) => {
		doctor.isOpening = true
		for (let hopeless = takeHopeless(doctor); hopeless.length > 0; hopeless = takeHopeless(doctor)) await refuse(doctor, doctorId, hopeless)
		doctor.isOpening = false
		for (const each of doctor.waiting.splice(0, maxBatch)) send(doctor, each)
		if (doctor.queued === 0) doctors.delete(doctorId)
	}

	const answered = (doctor: Doctor, request: ChangeRequest, outcome?: Outcome) => {
		doctor.queued--
		const isOfUse = doctor.waiting.length > 0 && request.kind === 'book' && outcome && saysTaken(outcome)
		if (isOfUse) doctor.taken.add(wishOf(request))
		if (doctor.queued > 0 || doctor.isOpening) return
		if (doctor.waiting.length > 0) void open(doctor, request.doctorId)
		else doctors.delete(request.doctorId)
	}

	const send = (doctor: Doctor, { request, heard }: Asked): void => {
		doctor.queued++
		heard.then(
			outcome => answered(doctor, request, outcome),
			() => answered(doctor, request),
		)
		enqueue(request).catch(error => waiters.fail(request.id, error))
	}

	return {
		/** Brings a request to its outcome, through its doctor's queue or refused at the door. @throws Refusal queue_full, booking_pending */
		ask(request: ChangeRequest): Promise<Outcome> {
			const heard = waiters.wait(request.id)
			const doctor = doctorOf(request)
			if (doctor.isOpening || doctor.waiting.length > 0 || doctor.queued >= crowdedAt) doctor.waiting.push({ request, heard })
			else send(doctor, { request, heard })
			return heard
		},
	}
}
