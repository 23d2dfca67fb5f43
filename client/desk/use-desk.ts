import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, Hold, Patient, Slot } from '../../contract/index.ts'
import { ApiError } from '../api/http.ts'
import { ask } from '../api/socket.ts'
import { useErrorText } from '../shell/messages.tsx'
import { createAttempts } from './key-of-attempt.ts'

export type Time = Pick<Slot, 'id' | 'doctorId' | 'startsAt' | 'endsAt'>

/** A time that is being taken: for a caller, or for an appointment that moves there. */
export type Taking = {
	is: 'taking'
	time: Time
	typeId: string | undefined
	hold: Hold | undefined
	phase: 'holding' | 'held' | 'sending' | 'refused'
	error: ApiError | undefined
	/** The kind of appointment does not fit here, but the slot itself is still held. */
	tooLong?: boolean
}

export type Task = Taking | { is: 'appointment'; appointmentId: string; time: Time }

export type Status = { text: string; kind: 'done' | 'info' | 'problem' }

export type Desk = ReturnType<typeof useDesk>

const asApiError = (error: unknown) => (error instanceof ApiError ? error : new ApiError('internal'))

/** The slot itself could not be had: another one must be chosen. */
const lostSlot = new Set(['slot_booked', 'slot_held', 'slot_blocked', 'slot_in_past', 'not_found'])

const release = (time: Time) => void ask('slot:release', { slotId: time.id }).catch(() => {})

/** What the desk is doing: for whom, at which time, and what came of it. */
export const useDesk = ({ describe, onFinished }: { describe: (time: Time) => string; onFinished: () => void }) => {
	const { t } = useTranslation()
	const errorText = useErrorText()
	const queries = useQueryClient()
	const [patient, setPatient] = useState<Patient>()
	const [moving, setMoving] = useState<Appointment>()
	const [task, setTaskState] = useState<Task>()
	const [status, setStatus] = useState<Status>()
	const [attempt] = useState(createAttempts)
	/** The task as it is now, for answers that come later than the next key press. */
	const now = useRef<Task | undefined>(undefined)

	const setTask = useCallback((next: Task | undefined) => {
		now.current = next
		setTaskState(next)
	}, [])

	const say = useCallback((text: string, kind: Status['kind'] = 'info') => setStatus({ text, kind }), [])

	const clearStatus = useCallback(() => setStatus(undefined), [])

	const letGo = useCallback((except?: Time) => {
		const current = now.current
		if (current?.is === 'taking' && current.hold && current.time.id !== except?.id) release(current.time)
	}, [])

	useEffect(() => () => letGo(), [letGo])

	const take = useCallback(
		async (time: Time, typeId?: string) => {
			const current = now.current
			if (current?.is === 'taking' && current.time.id === time.id && current.phase === 'holding') return
			letGo(time)
			const taking: Taking = { is: 'taking', time, typeId, hold: undefined, phase: 'holding', error: undefined }
			setTask(taking)
			try {
				const { hold } = await ask('slot:hold', { slotId: time.id, ...(typeId && { typeId }) })
				if (now.current === taking) {
					setTask({ ...taking, hold, phase: 'held' })
					say(t('desk.status.held', { time: describe(time) }))
				} else if (now.current?.is !== 'taking' || now.current.time.id !== time.id) {
					release(time)
				}
			} catch (error) {
				if (now.current !== taking) return
				const hold = current?.is === 'taking' && current.time.id === time.id ? current.hold : undefined
				const refusal = asApiError(error)
				setTask({ ...taking, hold, phase: 'refused', error: refusal, tooLong: hold !== undefined && lostSlot.has(refusal.code) })
			}
		},
		[describe, letGo, say, setTask, t],
	)

	const finish = useCallback(
		(text: string) => {
			setTask(undefined)
			setPatient(undefined)
			setMoving(undefined)
			say(text, 'done')
			onFinished()
		},
		[onFinished, say, setTask],
	)

	/** Sends what is being taken: a booking, or the move of an appointment. */
	const send = useCallback(
		async (reason: string) => {
			const taking = now.current
			if (taking?.is !== 'taking' || taking.phase === 'holding' || taking.phase === 'sending') return
			if (!moving && !patient) return
			const sending: Taking = { ...taking, phase: 'sending', error: undefined }
			setTask(sending)
			const { time, typeId } = taking
			try {
				if (moving) {
					const payload = { appointmentId: moving.id, slotId: time.id }
					const { appointment } = await attempt(payload, key => ask('appointment:reschedule', { ...payload, idempotencyKey: key }))
					queries.setQueryData(['appointment', appointment.id], appointment)
					finish(t('desk.status.moved', { name: moving.patientName ?? '', time: describe(time) }))
				} else if (patient) {
					const payload = {
						slotId: time.id,
						patientId: patient.id,
						...(typeId && { typeId }),
						...(reason.trim() && { reason: reason.trim() }),
					}
					await attempt(payload, key => ask('appointment:book', { ...payload, idempotencyKey: key }))
					finish(t('desk.status.booked', { name: patient.fullName, time: describe(time) }))
				}
			} catch (thrown) {
				const error = asApiError(thrown)
				if (now.current !== sending) {
					say(errorText(error), 'problem')
					return
				}
				setTask({ ...sending, phase: lostSlot.has(error.code) ? 'refused' : 'held', error })
			}
		},
		[attempt, describe, errorText, finish, moving, patient, queries, say, setTask, t],
	)

	/** Closes what is open, and lets go of a hold. Returns the time it was about. */
	const close = useCallback((): Time | undefined => {
		const current = now.current
		if (!current) return undefined
		letGo()
		setTask(undefined)
		if (current.is === 'taking' && current.hold) say(t('desk.status.released', { time: describe(current.time) }))
		return current.time
	}, [describe, letGo, say, setTask, t])

	const open = useCallback(
		(appointmentId: string, time: Time) => {
			letGo()
			setTask({ is: 'appointment', appointmentId, time })
		},
		[letGo, setTask],
	)

	const startMove = useCallback(
		(appointment: Appointment) => {
			setTask(undefined)
			setPatient(undefined)
			setMoving(appointment)
		},
		[setTask],
	)

	return { patient, setPatient, moving, setMoving, task, status, say, clearStatus, take, send, close, open, startMove, setTask }
}
