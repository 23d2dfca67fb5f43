import type { AppointmentStatus } from '../../contract/index.ts'
import type { Actor } from '../identity/actor.ts'
import { readSql } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { Refusal } from '../platform/refusal.ts'
import type { FullAppointment } from './facts.ts'
import type { UndoRequest } from './requests.ts'

/**
 * What puts an appointment back to where it was before the actor's last change of it; `done` when the same key already did.
 *
 * @throws Refusal wrong_status when there is nothing to undo, forbidden when another account made the change, too_late
 */
export async function readUndo(run: Run, actor: Actor, appointment: FullAppointment, key: string | undefined): Promise<Undo | 'done'> {
	const [act] = await run<LastAct>(lastAct, [appointment.id, actor.userId, key ?? null])
	if (act?.is_repeated) return 'done'
	if (!act || act.action === 'undone') throw new Refusal('wrong_status')
	if (act.actor_id !== actor.userId) throw new Refusal('forbidden')
	if (act.seconds_ago > undoSeconds + graceSeconds) throw new Refusal('too_late')
	return { undoes: act.action, sequence: act.sequence, ...placeBefore(act, appointment), notice: noticeOf(act) }
}

/** How long the desk is offered to undo. */
export const undoSeconds = 10
/** For the way to the server. Messages wait longer than both together. */
const graceSeconds = 3

export type Undo = Pick<
	UndoRequest,
	'undoes' | 'sequence' | 'doctorId' | 'startMinute' | 'endMinute' | 'slotMinutes' | 'status' | 'notice' | 'fromDoctorId'
>

type LastAct = {
	action: UndoRequest['undoes'] | 'undone'
	actor_id: string | null
	details: { from?: { status?: AppointmentStatus; doctorId?: string; startsAt?: string; endsAt?: string; slots?: number[] } }
	seconds_ago: number
	sequence: number
	is_told: boolean
	is_repeated: boolean
	is_first_word: boolean
}

const lastAct = { name: 'read last act', text: readSql('read_last_act.sql', import.meta.url) }

/** @throws Refusal wrong_status when a node of the version before made the change, which did not record what was */
function placeBefore({ action, details: { from } }: LastAct, { doctorId, startMinute, endMinute, slotMinutes, status }: FullAppointment) {
	const here = { doctorId, startMinute, endMinute, slotMinutes, status, fromDoctorId: doctorId }
	if (action === 'booked') return { ...here, status: 'cancelled' as const }
	if (!from) throw new Refusal('wrong_status')
	if (from.startsAt === undefined) return { ...here, status: from.status ?? status }
	return {
		...here,
		doctorId: from.doctorId ?? doctorId,
		startMinute: minuteOf(from.startsAt),
		endMinute: minuteOf(from.endsAt ?? from.startsAt),
		slotMinutes: from.slots ?? [],
	}
}

const minuteOf = (instant: string) => Date.parse(instant) / 60_000

/** A patient whom the change has reached is told of its undoing; another one only gets the reminders, and the first word, back. */
function noticeOf({ action, is_told: isTold, is_first_word: isFirstWord }: LastAct): UndoRequest['notice'] {
	switch (action) {
		case 'booked':
			return isTold ? 'cancelled' : 'undone'
		case 'cancelled':
			return isTold || isFirstWord ? 'booked' : 'reminders'
		case 'rescheduled':
			return isTold ? 'rescheduled' : isFirstWord ? 'booked' : 'reminders'
		default:
			return 'status'
	}
}
