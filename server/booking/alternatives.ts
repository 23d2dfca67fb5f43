import type { SlotOffer } from '../../contract/index.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { nearestOffers, readFreeSlots } from '../slots/alternatives.ts'
import { slotId } from '../slots/slot-id.ts'
import type { FullAppointment, HoldsByDoctor } from './facts.ts'
import type { ChangeRequest } from './requests.ts'
import { type Decided, isSlotRefusal, refusalOf, roomToMove, withBuffer } from './rules.ts'

/**
 * Reads other free slots for the requests whose slot is gone, once for the whole batch. `taken` has the ids of slots that this batch
 * takes.
 */
export async function readAlternatives(
	{ run, holds, appointment }: { run: Run; holds: HoldsByDoctor; appointment: (id: string) => FullAppointment | undefined },
	decided: readonly Decided[],
	taken: ReadonlySet<string>,
): Promise<AlternativesFor> {
	const earliest = new Map<string, number>()
	for (const each of decided) {
		const { request } = each
		const code = refusalOf(each)
		if (!code || !isSlotRefusal(code) || !('startMinute' in request)) continue
		earliest.set(request.doctorId, Math.min(request.startMinute, earliest.get(request.doctorId) ?? request.startMinute))
	}
	if (earliest.size === 0) return () => undefined

	const free = await readFreeSlots(
		run,
		[...earliest].map(([doctorId, minute]) => ({ doctorId, minute })),
	)
	// All requests that lost in this batch are offered from the same free slots of a doctor, so these are filtered once for each
	// doctor.
	const left = new Map(
		[...free].map(([doctorId, slots]) => {
			const held = holds.get(doctorId)
			return [doctorId, slots.filter(({ startMinute }) => !held?.has(startMinute) && !taken.has(slotId(doctorId, startMinute)))] as const
		}),
	)
	const offers = new Map<string, SlotOffer[]>()
	return request => {
		if (!('startMinute' in request)) return undefined
		const { doctorId, startMinute } = request
		const minutes = minutesWanted(request, appointment)
		const key = `${doctorId} ${startMinute} ${minutes}`
		const known = offers.get(key) ?? nearestOffers(doctorId, left.get(doctorId) ?? [], () => false, startMinute, minutes)
		offers.set(key, known)
		return known
	}
}

export type AlternativesFor = (request: ChangeRequest) => SlotOffer[] | undefined

/** How much room an alternative must have to serve the request. */
function minutesWanted(request: ChangeRequest, appointment: (id: string) => FullAppointment | undefined): number | undefined {
	if (request.kind === 'book') return withBuffer(request.minutes, request.bufferMinutes)
	if (request.kind === 'offer') return request.minutes
	if (request.kind === 'undo') return request.endMinute - request.startMinute
	const moved = request.kind === 'reschedule' ? appointment(request.appointmentId) : undefined
	return moved && roomToMove(moved)
}
