import { Anchor, Badge, Button, Group, Kbd, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, AppointmentChanged, AppointmentStatus, AppointmentType, Doctor } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { socket } from '../api/socket.ts'
import { useVisitChanges } from '../booking/use-visit-changes.ts'
import { VisitHistory } from '../history/visit-history.tsx'
import { useFormat } from '../i18n/format.ts'
import { Ledger } from '../notices/ledger.tsx'
import { ageOf, usePatient } from '../patients/use-patient.ts'
import { ErrorMessage, Loading } from '../shell/messages.tsx'
import { isLetter, isTyping } from './keys.ts'
import { Busy, Panel } from './panel.tsx'
import { statusIcons } from './slot-cell.tsx'

type Action = { letter: string; name: string; to?: AppointmentStatus; from: readonly AppointmentStatus[] }

/** What a status allows. The server decides; this only spares the desk what would be refused. */
const actions: readonly Action[] = [
	{ letter: 'c', name: 'checkIn', to: 'checked_in', from: ['booked', 'no_show'] },
	{ letter: 's', name: 'start', to: 'in_progress', from: ['booked', 'checked_in'] },
	{ letter: 'd', name: 'complete', to: 'completed', from: ['booked', 'checked_in', 'in_progress'] },
	{ letter: 'n', name: 'noShow', to: 'no_show', from: ['booked', 'checked_in'] },
	{ letter: 'b', name: 'undoCheckIn', to: 'booked', from: ['checked_in'] },
	{ letter: 'b', name: 'undoStart', to: 'checked_in', from: ['in_progress'] },
	{ letter: 'b', name: 'reopen', to: 'in_progress', from: ['completed'] },
	{ letter: 'm', name: 'move', from: ['booked', 'checked_in'] },
	{ letter: 'x', name: 'cancel', from: ['booked', 'checked_in'] },
]

const useAppointment = (id: string) => {
	const queries = useQueryClient()
	useEffect(() => {
		const onChanged = ({ appointment }: AppointmentChanged) => queries.setQueryData(['appointment', appointment.id], appointment)
		socket.on('appointment:changed', onChanged)
		return () => {
			socket.off('appointment:changed', onChanged)
		}
	}, [queries])
	const appointment = useQuery({ queryKey: ['appointment', id], queryFn: () => request<Appointment>(`/appointments/${id}`), staleTime: 0 })
	const patientId = appointment.data?.patientId
	const patient = usePatient(patientId)
	return { appointment, patient }
}

const Contact = ({ href, text }: { href: string; text: string }) => (
	<Anchor href={href} size="sm" dir="ltr" underline="always">
		{text}
	</Anchor>
)

type Props = {
	appointmentId: string
	doctors: readonly Doctor[]
	types: readonly AppointmentType[]
	side: 'left' | 'right'
	onClose: () => void
	onMove: (appointment: Appointment) => void
	onPatient: (patientId: string) => void
	/** Something was done; the text says what. */
	onDone: (text: string, appointmentId: string) => void
}

export const AppointmentPanel = ({ appointmentId, doctors, types, side, onClose, onMove, onPatient, onDone }: Props) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const panel = useRef<HTMLElement>(null)
	const [cancelling, setCancelling] = useState(false)
	const [reason, setReason] = useState('')
	const { appointment: read, patient } = useAppointment(appointmentId)
	const appointment = read.data
	const doctor = doctors.find(({ id }) => id === appointment?.doctorId)
	const format = useFormat(doctor?.timeZone)
	const name = appointment?.patientName ?? patient.data?.fullName ?? ''

	// biome-ignore lint/correctness/useExhaustiveDependencies: the panel takes the focus whenever it opens on another visit
	useEffect(() => panel.current?.focus(), [appointmentId])

	const done = (changed: Appointment) => {
		queries.setQueryData(['appointment', changed.id], changed)
		onDone(t('desk.status.now', { name, status: t(`status.${changed.status}`) }), changed.id)
	}
	const changes = useVisitChanges()
	const setStatus = useMutation({
		mutationFn: (status: AppointmentStatus) => changes.setStatus(appointmentId, status),
		onSuccess: done,
	})
	const cancel = useMutation({ mutationFn: () => changes.cancel(appointmentId, reason), onSuccess: done })
	const error = setStatus.error ?? cancel.error
	const busy = setStatus.isPending || cancel.isPending
	const possible = appointment
		? actions.filter(
				({ name, from }) =>
					from.includes(appointment.status) &&
					!(name === 'cancel' && Date.parse(appointment.endsAt) <= Date.now()) &&
					// Before its start a visit can neither be missed nor be over.
					!((name === 'noShow' || name === 'complete') && Date.parse(appointment.startsAt) > Date.now()),
			)
		: []

	const perform = (action: Action) => {
		if (busy || !appointment) return
		if (action.to) setStatus.mutate(action.to)
		else if (action.name === 'move') onMove(appointment)
		else setCancelling(true)
	}
	const keep = () => {
		setCancelling(false)
		panel.current?.focus()
	}
	const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
		if (event.key === 'Escape' && cancelling) {
			event.preventDefault()
			keep()
			return
		}
		if (isTyping(event.target) || cancelling) return
		const action = possible.find(({ letter }) => isLetter(event.nativeEvent, letter))
		if (!action) return
		event.preventDefault()
		if (!event.repeat) perform(action)
	}
	const onCancel = (event: FormEvent) => {
		event.preventDefault()
		if (!busy) cancel.mutate()
	}
	const StatusIcon = appointment && statusIcons[appointment.status]
	const { phone, email, birthDate, notes } = patient.data ?? {}
	const facts: [string, ReactNode][] = appointment
		? [
				[
					t('desk.fact.status'),
					<Badge
						key="status"
						variant="default"
						size="lg"
						tt="none"
						leftSection={StatusIcon && <StatusIcon size={14} aria-hidden />}
						data-testid="desk-panel-status"
					>
						{t(`status.${appointment.status}`)}
					</Badge>,
				],
				[t('desk.fact.doctor'), doctor?.fullName ?? appointment.doctorName],
				[t('desk.fact.time'), `${format.dayAndTime(appointment.startsAt)} – ${format.time(appointment.endsAt)}`],
				[t('desk.fact.type'), types.find(({ id }) => id === appointment.typeId)?.name ?? '–'],
				[t('desk.fact.reason'), appointment.reason ?? '–'],
				...(birthDate
					? ([[t('patients.card.born'), `${format.dateNumeric(birthDate)} (${t('patients.card.age', { count: ageOf(birthDate) })})`]] as [
							string,
							ReactNode,
						][])
					: []),
				...(notes ? ([[t('patients.card.notes'), notes]] as [string, ReactNode][]) : []),
				[t('desk.fact.phone'), phone ? <Contact key="phone" href={`tel:${phone.replace(/[^+0-9]/g, '')}`} text={phone} /> : '–'],
				[t('desk.fact.email'), email ? <Contact key="email" href={`mailto:${email}`} text={email} /> : '–'],
			]
		: []
	return (
		<Panel
			panelRef={panel}
			title={name || t('desk.panel.title')}
			side={side}
			onClose={onClose}
			onKeyDown={onKeyDown}
			testId="desk-panel"
			facts={facts}
		>
			{read.isPending && <Loading onRetry={() => void read.refetch()} />}
			{read.isError && <ErrorMessage error={read.error} onRetry={() => void read.refetch()} />}
			{appointment && (
				<Stack gap="sm">
					{patient.isError && <ErrorMessage error={patient.error} onRetry={() => void patient.refetch()} />}
					{error && <ErrorMessage error={error} />}
					{cancelling ? (
						<form onSubmit={onCancel}>
							<Stack gap="xs">
								<Text size="sm" fw={600}>
									{t('desk.panel.cancelQuestion')}
								</Text>
								<TextInput
									label={t('desk.panel.cancelReason')}
									value={reason}
									onChange={event => setReason(event.currentTarget.value)}
									maxLength={500}
									autoComplete="off"
								/>
								<Group gap="xs">
									<Button
										type="submit"
										color="red.8"
										leftSection={cancel.isPending && <Busy />}
										autoFocus
										data-testid="desk-cancel-confirm"
									>
										{t('desk.panel.cancelYes')}
									</Button>
									<Button variant="default" onClick={keep} rightSection={<Kbd size="xs">Esc</Kbd>}>
										{t('desk.panel.cancelNo')}
									</Button>
								</Group>
							</Stack>
						</form>
					) : (
						<Group gap="xs">
							{possible.map((action, index) => (
								<Button
									key={action.name}
									size="sm"
									variant={index === 0 && action.to ? 'filled' : 'default'}
									onClick={() => perform(action)}
									leftSection={setStatus.isPending && setStatus.variables === action.to && <Busy />}
									rightSection={
										<Kbd size="xs" aria-hidden>
											{action.letter.toUpperCase()}
										</Kbd>
									}
									aria-keyshortcuts={action.letter.toUpperCase()}
									data-testid={`desk-action-${action.name}`}
								>
									{t(`desk.action.${action.name}`)}
								</Button>
							))}
							{possible.length === 0 && <Text size="sm">{t('desk.panel.nothingToDo')}</Text>}
						</Group>
					)}
				</Stack>
			)}
			{appointment && (
				<Button
					size="compact-sm"
					variant="default"
					mt="xs"
					onClick={() => onPatient(appointment.patientId)}
					data-testid="desk-panel-patient"
				>
					{t('patients.card.title')}
				</Button>
			)}
			{appointment && <Ledger appointmentId={appointment.id} timeZone={doctor?.timeZone} mayRetry />}
			{appointment && <VisitHistory appointmentId={appointment.id} timeZone={doctor?.timeZone} />}
		</Panel>
	)
}
