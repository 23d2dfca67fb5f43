import type { AppointmentStatus } from '../../contract/index.ts'
import type { BesideRequest, BookingRequest, CancelRequest, RescheduleRequest, StatusRequest } from '../../server/booking/requests.ts'
import { createDecider, type Decision, type State, type StoredAppointment, type VisitDay } from '../../server/booking/rules.ts'
import { type StoredSlot, slotKey } from '../../server/slots/availability.ts'

/** Minutes count from a morning. The present is `now`, before every slot. */
export const morning = 30_000_000
export const nowMs = (morning - 60) * 60_000

export const aSlot = (at: number, changes: Partial<StoredSlot> = {}): StoredSlot => ({
	doctorId: '1',
	startMinute: morning + at,
	endMinute: morning + at + 15,
	isBlocked: false,
	appointment: null,
	...changes,
})

export const anAppointment = (changes: Partial<StoredAppointment> = {}): StoredAppointment => ({
	id: '900',
	doctorId: '1',
	patientId: '50',
	typeId: '7',
	startMinute: morning,
	endMinute: morning + 15,
	slotMinutes: [morning],
	typeMinutes: 15,
	bufferMinutes: 0,
	status: 'booked',
	sequence: 0,
	kind: 'slot',
	...changes,
})

export type World = {
	slots?: StoredSlot[]
	appointments?: StoredAppointment[]
	/** The holders of doctor 1's slots, by minute of the morning. */
	held?: Record<number, string>
	prior?: Record<string, ReturnType<State['prior']>>
	patients?: string[]
	/** The accounts of patients, by patient. */
	accounts?: Record<string, string>
	nowMs?: number
	cutoffMs?: number
	maxUpcoming?: number
	overbooking?: State['policy']['overbooking']
	/** The day of every booking and move. */
	day?: VisitDay
}

/** Builds a decider over a state in which the appointments occupy their slots and their patients' time. */
export const decider = ({
	slots = [],
	appointments = [],
	held = {},
	prior = {},
	patients = ['50', '51', '52'],
	accounts = {},
	...rest
}: World = {}) => {
	const owner = new Map<string, StoredAppointment>(
		appointments.flatMap(each => each.slotMinutes.map(minute => [`${each.doctorId}-${minute}`, each] as const)),
	)
	const known = new Map(
		slots.map(slot => {
			const taken = owner.get(slotKey(slot))
			return [slotKey(slot), taken ? { ...slot, appointment: { id: taken.id, status: taken.status, patientName: 'P' } } : slot]
		}),
	)
	return createDecider({
		nowMs: rest.nowMs ?? nowMs,
		policy: { cancelCutoffMs: rest.cutoffMs ?? 0, maxUpcoming: rest.maxUpcoming, overbooking: rest.overbooking ?? 'staff' },
		prior: request => prior[request.key],
		slot: (doctorId, minute) => known.get(`${doctorId}-${minute}`),
		holderOf: (doctorId, minute) => (doctorId === '1' ? held[minute - morning] : undefined),
		offer: () => undefined,
		slotsOf: () => [],
		day: request => ('startMinute' in request && rest.day ? rest.day : undefined),
		appointment: id => appointments.find(each => each.id === id),
		patient: patientId =>
			patients.includes(patientId)
				? {
						userId: accounts[patientId] ?? null,
						busy: appointments
							.filter(each => each.patientId === patientId && !['cancelled', 'no_show'].includes(each.status))
							.map(({ id, startMinute, endMinute }) => ({ appointmentId: id, startMinute, endMinute })),
						upcoming: appointments.filter(each => each.patientId === patientId && each.status === 'booked').length,
					}
				: undefined,
	})
}

let count = 0
const common = () => {
	const id = `request-${++count}`
	return {
		id,
		node: 'n',
		doctorId: '1',
		by: '50',
		privileged: false,
		key: id,
		fingerprint: id,
		origin: { ip: '::1', requestId: 'r' },
	}
}

export const aBooking = (at: number, changes: Partial<BookingRequest> = {}): BookingRequest => ({
	...common(),
	kind: 'book',
	startMinute: morning + at,
	minutes: undefined,
	typeId: '7',
	patientId: changes.by ?? '50',
	reason: undefined,
	...changes,
})

export const aVisitBeside = (at: number, changes: Partial<BesideRequest> = {}): BesideRequest => ({
	...common(),
	kind: 'book-beside',
	visit: 'extra',
	by: '9',
	privileged: true,
	askedAs: 'staff',
	startMinute: morning + at,
	minutes: 15,
	typeId: '7',
	patientId: '50',
	reason: undefined,
	extraReason: 'in pain',
	...changes,
})

export const aMove = (at: number, changes: Partial<RescheduleRequest> = {}): RescheduleRequest => ({
	...common(),
	kind: 'reschedule',
	appointmentId: '900',
	fromDoctorId: '1',
	startMinute: morning + at,
	...changes,
})

export const aCancellation = (changes: Partial<CancelRequest> = {}): CancelRequest => ({
	...common(),
	kind: 'cancel',
	appointmentId: '900',
	reason: undefined,
	...changes,
})

export const aStatus = (status: AppointmentStatus, changes: Partial<StatusRequest> = {}): StatusRequest => ({
	...common(),
	kind: 'status',
	appointmentId: '900',
	privileged: true,
	status,
	...changes,
})

export const told = (decision: Decision | null): string =>
	decision === null ? 'wait' : decision.do === 'refuse' ? decision.code : decision.do

export const minutes = (slots: readonly StoredSlot[]) => slots.map(slot => slot.startMinute - morning)
