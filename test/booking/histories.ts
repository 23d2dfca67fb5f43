import fc from 'fast-check'
import { deskIndex, doctorCount, type Op, patientCount, slotCount } from './desk-model.ts'

/** Answers that histories may get. Together the histories must get all of them. */
export const everyAnswer = [
	'ok',
	'slot_booked',
	'slot_held',
	'slot_blocked',
	'hold_limit',
	'hold_expired',
	'patient_overlap',
	'wrong_status',
	'not_found',
	'forbidden',
]

/** One actor is busier than the others, and reaches the limit of holds. */
const actor = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.nat(patientCount) })
/** The patient whom the desk books for. Rarely set for a patient's own request, which is then refused. */
const patient = fc.nat(patientCount - 1)
const slot = fc.nat(doctorCount * slotCount - 1)
const appointment = fc.nat(30)
const long = fc.boolean()

const aBooking = fc.record({ actor, patient, slot, long, another: fc.nat(19) }).map(({ another, ...rest }) => ({
	do: 'book' as const,
	...rest,
	patient: rest.actor === deskIndex || another === 0 ? rest.patient : rest.actor,
}))

export const anOp: fc.Arbitrary<Op> = fc.oneof(
	{ weight: 12, arbitrary: fc.record({ do: fc.constant('hold' as const), actor, slot, long }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), actor, slot }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), slot }) },
	{ weight: 8, arbitrary: aBooking },
	{ weight: 4, arbitrary: fc.record({ do: fc.constant('cancel' as const), actor, appointment }) },
	{ weight: 6, arbitrary: fc.record({ do: fc.constant('move' as const), actor, appointment, slot }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('start' as const), appointment }) },
)

/** A history that gets every answer, so that every answer is checked in each run. */
export const tour: Op[] = [
	...[0, 1, 2, 3, 4, 5].map(index => ({ do: 'hold', actor: 0, slot: index, long: false }) as const),
	{ do: 'book', actor: 1, patient: 1, slot: 0, long: false },
	{ do: 'book', actor: 0, patient: 0, slot: 0, long: false },
	{ do: 'book', actor: 0, patient: 0, slot: slotCount, long: false },
	{ do: 'book', actor: 1, patient: 1, slot: 0, long: false },
	{ do: 'hold', actor: 1, slot: slotCount - 1, long: true },
	{ do: 'release', actor: 1, slot: 1 },
	{ do: 'cancel', actor: 1, appointment: 0 },
	{ do: 'book', actor: 1, patient: 0, slot: 6, long: false },
	{ do: 'cancel', actor: 0, appointment: 0 },
	{ do: 'cancel', actor: 0, appointment: 0 },
	{ do: 'expire', slot: 1 },
]
