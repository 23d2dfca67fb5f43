import type { SlotOffer } from '../../contract/index.ts'
import { readAlternatives } from '../booking/alternatives.ts'
import type { DoorDeps } from '../booking/api.ts'
import type { Ask } from '../booking/commands.ts'
import type { BookingRequest, ChangeRequest, Outcome, SettledOutcome } from '../booking/requests.ts'
import { readSql } from '../platform/database/database.ts'
import { maxBatch } from '../platform/mailbox/mailbox.ts'

/**
 * Keeps a stampede in memory instead of the mailbox: the crowd before each doctor's mailbox.
 *
 * Benchmark: stampede, which takes 1.78 times as long without this file (docs/decisions/0006). To remove it, drop `door` in domains.ts.
 *
 * A hundred requests pass the crowd at once. When thousands of callers want one doctor's few slots, the first requests go into the
 * mailbox and the rest wait. Once the first are answered, most slots are gone, and the requests for those slots are refused together,
 * without a way through Redis. A request that may still win goes into the mailbox, in order, as many at a time as one batch takes.
 * What the crowd remembers is only a reason to ask PostgreSQL, which refuses (docs/decisions/0005).
 *
 * A doctor's crowd is
 * - open: fewer than `crowdedAt` requests of this node are in the mailbox. The next request goes in.
 * - crowded: as many are unanswered. The next request waits.
 * - refusing: those in the mailbox are answered. Waiting requests are refused or let in.
 */
export function createCrowd(deps: DoorDeps): Ask {
	const { replies, post, observe } = deps
	const doors = new Map<string, Door>()

	return function ask(request) {
		const heard = replies.wait(request.id)
		const door = doorOf(request)
		if (door.state === 'refusing' || door.waiting.length > 0 || door.inMailbox >= crowdedAt) {
			door.waiting.push({ request, heard })
			if (door.state === 'open') door.state = 'crowded'
		} else letIn(door, { request, heard })
		return heard
	}

	function doorOf({ doctorId }: ChangeRequest): Door {
		const known = doors.get(doctorId)
		if (known) return known
		const door: Door = { doctorId, state: 'open', inMailbox: 0, waiting: [], taken: new Set() }
		doors.set(doctorId, door)
		return door
	}

	function letIn(door: Door, { request, heard }: Asked): void {
		door.inMailbox++
		heard.then(
			outcome => answered(door, request, outcome),
			() => answered(door, request),
		)
		post(request).catch(error => replies.fail(request.id, error))
	}

	function answered(door: Door, request: ChangeRequest, outcome?: Outcome): void {
		door.inMailbox--
		if (door.waiting.length > 0 && request.kind === 'book' && outcome && saysTaken(outcome)) door.taken.add(wishOf(request))
		if (door.inMailbox > 0 || door.state === 'refusing') return
		if (door.waiting.length > 0) void refuseThenLetIn(door)
		else doors.delete(door.doctorId)
	}

	async function refuseThenLetIn(door: Door): Promise<void> {
		door.state = 'refusing'
		try {
			for (let hopeless = takeHopeless(door); hopeless.length > 0; hopeless = takeHopeless(door)) await refuse(door, hopeless)
		} finally {
			door.state = 'open'
			for (const each of door.waiting.splice(0, maxBatch)) letIn(door, each)
			if (door.waiting.length > 0) door.state = 'crowded'
			if (door.inMailbox === 0) doors.delete(door.doctorId)
		}
	}

	/** Takes the waiting requests before the first that may still win. */
	function takeHopeless(door: Door): Asked[] {
		// Callers whose wait has timed out will ask again.
		door.waiting = door.waiting.filter(({ request }) => replies.isWaiting(request.id))
		const first = door.waiting.findIndex(({ request }) => !isHopeless(door, request))
		return door.waiting.splice(0, Math.min(first === -1 ? door.waiting.length : first, refusedAtOnce))
	}

	async function refuse(door: Door, asked: readonly Asked[]): Promise<void> {
		const requests = asked.map(({ request }) => request as BookingRequest)
		// When PostgreSQL or Redis fails here, the requests go into the mailbox and get their outcome there.
		const outcomes = await refuseTaken(deps, door.doctorId, requests).catch(() => [])
		const refused = new Set(outcomes.map(({ request }) => request))
		for (const each of asked) {
			if (refused.has(each.request)) continue
			door.taken.delete(wishOf(each.request as BookingRequest))
			letIn(door, each)
		}
		replies.deliver(outcomes.map(({ request, outcome }) => ({ to: request.node, messageId: request.id, outcome })))
		observe.refusedAtDoor(outcomes)
	}
}

type Asked = { request: ChangeRequest; heard: Promise<Outcome> }

type Door = {
	doctorId: string
	state: 'open' | 'crowded' | 'refusing'
	/** Unanswered requests of this node in the mailbox. */
	inMailbox: number
	/** In their order of arrival. */
	waiting: Asked[]
	/** Slots that were taken at the last look, kept for as long as requests wait. */
	taken: Set<string>
}

const crowdedAt = 200
/** How many refusals one statement writes and one delivery answers. */
const refusedAtOnce = 2500

const statement = { name: 'refuse_taken', text: readSql('refuse_taken.sql', import.meta.url) }

/** A request of staff is never hopeless: its patient may not exist, and that refusal comes first. */
function isHopeless({ taken }: Door, request: ChangeRequest): boolean {
	return request.kind === 'book' && !request.privileged && taken.has(wishOf(request))
}

function wishOf({ startMinute, minutes }: BookingRequest): string {
	return `${startMinute} ${minutes}`
}

function saysTaken(outcome: Outcome): boolean {
	return 'done' in outcome || ('refused' in outcome && outcome.refused === 'slot_booked')
}

/**
 * Refuses bookings of one doctor's slots that are taken, as PostgreSQL knows now. Requests without an outcome were not refused: their
 * slots are free, or their keys were used before.
 */
async function refuseTaken(
	{ run, holds }: Pick<DoorDeps, 'run' | 'holds'>,
	doctorId: string,
	requests: readonly BookingRequest[],
): Promise<SettledOutcome[]> {
	const decided = requests.map(request => ({ request, decision: { do: 'refuse' as const, code: 'slot_booked' as const } }))
	const readOffers = async () => {
		const { holders } = await holds.read(doctorId)
		return await readAlternatives({ run, holds: new Map([[doctorId, holders]]), appointment: () => undefined }, decided, new Set())
	}
	const [refused, alternativesFor] = await Promise.all([writeRefusals(run, doctorId, requests), readOffers()])
	const outcomes = new Map<SlotOffer[] | undefined, Outcome>()
	return refused.map(request => {
		const alternatives = alternativesFor(request)
		// Requests with the same alternatives share one outcome, which is encoded once.
		const outcome = outcomes.get(alternatives) ?? { refused: 'slot_booked', ...(alternatives && { alternatives }) }
		outcomes.set(alternatives, outcome)
		return { request, outcome }
	})
}

/** Writes the refusals under the callers' keys. Returns the refused requests, in order. */
async function writeRefusals(
	run: DoorDeps['run'],
	doctorId: string,
	requests: readonly BookingRequest[],
): Promise<readonly BookingRequest[]> {
	const [row] = await run<{ refused: string[] | null }>(statement, [
		doctorId,
		[...new Set(requests.map(each => each.startMinute))],
		requests.map(each => each.startMinute),
		requests.map(each => each.by),
		requests.map(each => each.key),
		requests.map(each => each.fingerprint),
		requests.map(each => each.id),
	])
	if (!row?.refused) return requests
	const ids = new Set(row.refused)
	return requests.filter(({ id }) => ids.has(id))
}
