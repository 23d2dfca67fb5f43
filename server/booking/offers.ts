import type { RefusalCode } from '../../contract/index.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { nearestOffers, readFreeSlots } from '../slots/alternatives.ts'
import { type StoredSlot, slotKey } from '../slots/availability.ts'
import { slotId } from '../slots/slot-id.ts'
import type { ChangeRequest } from './request.ts'
import { type Decided, isSlotRefusal, minutesToMove } from './rules.ts'
import type { HoldsByDoctor } from './state.ts'
import type { FullAppointment } from './store.ts'

export const refusalOf = ({ decision }: Decided): RefusalCode | null =>
	decision.do === 'refuse' ? decision.code : decision.do === 'repeat' ? decision.prior.refusal : null

/** How much room an offer must have to serve the request. */
const minutesWanted = (request: ChangeRequest, appointment: (id: string) => FullAppointment | undefined): number | undefined => {
	if (request.kind === 'book') return request.minutes
	const moved = request.kind === 'reschedule' ? appointment(request.appointmentId) : undefined
	return moved && minutesToMove(moved)
}

type AlternativesDeps = { run: Run; holds: HoldsByDoctor; appointment: (id: string) => FullAppointment | undefined }

/** Other free slots for those who lost theirs, from one read for the whole batch. */
export const readAlternatives = async (deps: AlternativesDeps, decided: readonly Decided[], won: readonly StoredSlot[]) => {
	const wanted = decided.flatMap(each => {
		const code = refusalOf(each)
		return code && isSlotRefusal(code) && 'startMinute' in each.request ? [each.request] : []
	})
	const earliest = new Map<string, number>()
	for (const { doctorId, startMinute } of wanted) earliest.set(doctorId, Math.min(startMinute, earliest.get(doctorId) ?? startMinute))
	if (earliest.size === 0) return () => undefined

	const free = await readFreeSlots(
		deps.run,
		[...earliest].map(([doctorId, minute]) => ({ doctorId, minute })),
	)
	const taken = new Set(won.map(slotKey))
	// Once a doctor, not once a wish: what is left of the free slots is the same for everybody who lost in this batch.
	const left = new Map(
		[...free].map(([doctorId, slots]) => {
			const held = deps.holds.get(doctorId)
			return [doctorId, slots.filter(({ startMinute }) => !held?.has(startMinute) && !taken.has(slotId(doctorId, startMinute)))] as const
		}),
	)
	const offers = new Map<string, ReturnType<typeof nearestOffers>>()
	return (request: ChangeRequest) => {
		if (!('startMinute' in request)) return undefined
		const { doctorId, startMinute } = request
		const minutes = minutesWanted(request, deps.appointment)
		const key = `${doctorId} ${startMinute} ${minutes}`
		const known = offers.get(key) ?? nearestOffers(doctorId, left.get(doctorId) ?? [], () => false, startMinute, minutes)
		offers.set(key, known)
		return known
	}
}
