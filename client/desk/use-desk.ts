import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, Patient, Slot } from '../../contract/index.ts'
import * as takings from '../booking/use-taking.ts'
import { useErrorText } from '../shell/messages.tsx'

export type Time = Pick<Slot, 'id' | 'doctorId' | 'startsAt' | 'endsAt'>

/** A time that is being taken: for a caller, or for an appointment that moves there. */
export type Taking = takings.Taking<Time>

type Opened = { appointmentId: string; time: Time }

/** `until`: what ends it, so that no warning stays longer than its cause. */
export type Status = { text: string; kind: 'done' | 'info' | 'problem'; until?: 'another-day' | 'another-slot' }

export type Desk = ReturnType<typeof useDesk>

type Deps = {
	describe: (time: Time) => string
	onFinished: () => void
	/** A visit was booked or moved. */
	onActed: (appointmentId: string) => void
}

/** What the desk is doing: for whom, at which time, and what came of it. Either a time is being taken, or a visit is open. */
export function useDesk({ describe, onFinished, onActed }: Deps) {
	const { t } = useTranslation()
	const errorText = useErrorText()
	const queries = useQueryClient()
	const [patient, setPatient] = useState<Patient>()
	const [moving, setMoving] = useState<Appointment>()
	const [opened, setOpened] = useState<Opened>()
	const [status, setStatus] = useState<Status>()
	const { taking, hold, book, drop } = takings.useTaking<Time>()

	const say = useCallback(
		(text: string, kind: Status['kind'] = 'info', until?: Status['until']) => setStatus({ text, kind, ...(until && { until }) }),
		[],
	)

	/** Ends the warnings whose cause is gone. */
	const clearWarning = useCallback((cause: Status['until']) => setStatus(now => (now?.until === cause ? undefined : now)), [])

	const clearStatus = useCallback(() => setStatus(undefined), [])

	const take = useCallback(
		async (time: Time, typeId?: string) => {
			setOpened(undefined)
			if (await hold(time, typeId)) say(t('desk.status.held', { time: describe(time) }))
		},
		[describe, hold, say, t],
	)

	const finish = useCallback(
		(text: string) => {
			drop()
			setPatient(undefined)
			setMoving(undefined)
			say(text, 'done')
			onFinished()
		},
		[drop, onFinished, say],
	)

	/** Sends what is being taken: a booking, or the move of an appointment. */
	const send = useCallback(
		async (reason: string) => {
			const order = moving ? { moving } : patient && { patientId: patient.id, reason }
			const result = order && (await book(order))
			if (!result) return
			const { outcome, isShown } = result
			if (outcome.step !== 'booked') {
				if (!isShown) say(errorText(outcome.error), 'problem')
				return
			}
			const { appointment, slot } = outcome
			const text = moving
				? t('desk.status.moved', { name: moving.patientName ?? '', time: describe(slot) })
				: t('desk.status.booked', { name: patient?.fullName ?? '', time: describe(slot) })
			onActed(appointment.id)
			if (moving) queries.setQueryData(['appointment', appointment.id], appointment)
			// The desk that has gone on to the next caller meanwhile is only told.
			if (isShown) finish(text)
			else say(text, 'done')
		},
		[book, describe, errorText, finish, moving, onActed, patient, queries, say, t],
	)

	/** Closes the open panel and releases its hold. @returns the time that the panel was about */
	const close = useCallback((): Time | undefined => {
		if (opened) setOpened(undefined)
		if (!taking) return opened?.time
		drop()
		if ('hold' in taking && taking.hold && taking.step !== 'booking') say(t('desk.status.released', { time: describe(taking.slot) }))
		return taking.slot
	}, [describe, drop, opened, say, t, taking])

	const open = useCallback(
		(appointmentId: string, time: Time) => {
			drop()
			setOpened({ appointmentId, time })
		},
		[drop],
	)

	const startMove = useCallback((appointment: Appointment) => {
		setOpened(undefined)
		setPatient(undefined)
		setMoving(appointment)
	}, [])

	return {
		patient,
		setPatient,
		moving,
		setMoving,
		taking,
		opened,
		status,
		say,
		clearStatus,
		clearWarning,
		take,
		send,
		close,
		open,
		startMove,
	}
}
