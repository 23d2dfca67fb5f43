import { Button, Group, Modal, Paper, Stack, Text, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, AppointmentStatus } from '../../contract/index.ts'
import { useVisitChanges } from '../booking/use-visit-changes.ts'
import { useFormat } from '../i18n/format.ts'
import { Ledger } from '../notices/ledger.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import classes from './day.module.css'
import { canCancel, movesFrom, StatusBadge } from './status.tsx'
import { useTypeNames } from './use-doctor.ts'

const PatientCard = lazy(async () => ({ default: (await import('./patient-card.tsx')).PatientCard }))

type RowProps = {
	appointment: Appointment
	timeZone: string
	now: number
	typeName: string | undefined
	/** Called before a cancellation is asked for, so that one is not told of one's own doing. */
	onAsk: (appointmentId: string) => void
	onChanged: (appointment: Appointment) => void
}

const CancelDialog = ({
	appointment,
	timeZone,
	onAsk,
	onChanged,
	onClose,
}: Omit<RowProps, 'now' | 'typeName'> & { onClose: () => void }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const [reason, setReason] = useState('')
	const changes = useVisitChanges()
	const cancel = useMutation({
		mutationFn: () => {
			onAsk(appointment.id)
			return changes.cancel(appointment.id, reason)
		},
		onSuccess: changed => {
			onChanged(changed)
			onClose()
		},
	})
	return (
		<Stack>
			<Text>{t('doctor.day.cancelText', { patient: appointment.patientName ?? '', when: format.dayAndTime(appointment.startsAt) })}</Text>
			<Textarea
				label={t('doctor.day.cancelReason')}
				value={reason}
				onChange={event => setReason(event.currentTarget.value)}
				maxLength={500}
				autosize
				minRows={2}
			/>
			{cancel.error && <ErrorMessage error={cancel.error} />}
			<Group justify="flex-end">
				<Button variant="default" onClick={onClose}>
					{t('doctor.day.keep')}
				</Button>
				<Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
					{t('doctor.day.cancelYes')}
				</Button>
			</Group>
		</Stack>
	)
}

type ActionsProps = Omit<RowProps, 'typeName'> & { showsPatient: boolean; onPatient: () => void }

const Actions = ({ appointment, timeZone, now, onAsk, onChanged, showsPatient, onPatient }: ActionsProps) => {
	const { t } = useTranslation()
	const [cancelling, setCancelling] = useState(false)
	const [ledger, setLedger] = useState(false)
	const changes = useVisitChanges()
	const move = useMutation({
		mutationFn: (status: AppointmentStatus) => changes.setStatus(appointment.id, status),
		onSuccess: onChanged,
	})
	const named = (text: string) => `${text}: ${appointment.patientName ?? ''}`
	return (
		<Stack gap="xs" className={classes.actions}>
			<Group gap="xs" wrap="wrap">
				{movesFrom[appointment.status].map(({ to, text, kind }) => (
					<Button
						key={to}
						size="sm"
						variant={kind === 'main' ? 'filled' : kind === 'other' ? 'default' : 'subtle'}
						disabled={move.isPending}
						aria-label={named(t(`doctor.move.${text}`))}
						onClick={() => move.mutate(to)}
					>
						{t(`doctor.move.${text}`)}
					</Button>
				))}
				<Button
					size="sm"
					variant="subtle"
					aria-expanded={showsPatient}
					aria-label={named(t('patients.doctor.show'))}
					data-testid="day-patient-toggle"
					onClick={onPatient}
				>
					{t('patients.doctor.show')}
				</Button>
				<Button
					size="sm"
					variant="subtle"
					aria-expanded={ledger}
					aria-label={named(t('notices.title'))}
					data-testid="day-notices"
					onClick={() => setLedger(!ledger)}
				>
					{t('notices.short')}
				</Button>
				{canCancel(appointment.status, appointment.endsAt, now) && (
					<Button size="sm" variant="subtle" aria-label={named(t('doctor.move.cancel'))} onClick={() => setCancelling(true)}>
						{t('doctor.move.cancel')}
					</Button>
				)}
			</Group>
			{move.error && <ErrorMessage error={move.error} />}
			{ledger && <Ledger appointmentId={appointment.id} timeZone={timeZone} mayRetry={false} />}
			<Modal
				opened={cancelling}
				onClose={() => setCancelling(false)}
				closeButtonProps={{ 'aria-label': t('app.close') }}
				title={t('doctor.day.cancelTitle')}
			>
				<CancelDialog {...{ appointment, timeZone, onAsk, onChanged }} onClose={() => setCancelling(false)} />
			</Modal>
		</Stack>
	)
}

const Row = (props: RowProps) => {
	const { appointment, timeZone, now, typeName } = props
	const [showsPatient, setShowsPatient] = useState(false)
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const isNow = Date.parse(appointment.startsAt) <= now && now < Date.parse(appointment.endsAt) && appointment.status !== 'cancelled'
	return (
		<Paper
			component="li"
			withBorder
			p="sm"
			className={classes.row}
			data-now={isNow || undefined}
			data-testid="day-appointment"
			data-appointment-id={appointment.id}
			data-status={appointment.status}
		>
			<div className={classes.when}>
				<Text fw={700} fz="lg">
					<time dateTime={appointment.startsAt}>{format.time(appointment.startsAt)}</time>
				</Text>
				<Text fz="sm" c="var(--liveslot-quiet)">
					{t('doctor.day.until', { time: format.time(appointment.endsAt) })}
				</Text>
				{isNow && (
					<Text fz="sm" fw={700}>
						{t('doctor.day.now')}
					</Text>
				)}
			</div>
			<div className={classes.who}>
				<Group gap="sm" wrap="wrap">
					<Text component="h3" fw={650}>
						{appointment.patientName ?? t('doctor.day.somebody')}
					</Text>
					<StatusBadge status={appointment.status} />
				</Group>
				<Text fz="sm" c="var(--liveslot-quiet)">
					{typeName}
				</Text>
				{appointment.reason && (
					<Text fz="sm" className={classes.reason}>
						{appointment.reason}
					</Text>
				)}
			</div>
			<Actions {...props} showsPatient={showsPatient} onPatient={() => setShowsPatient(!showsPatient)} />
			{showsPatient && (
				<div className={classes.patient}>
					<Suspense fallback={null}>
						<PatientCard appointment={appointment} timeZone={timeZone} />
					</Suspense>
				</div>
			)}
		</Paper>
	)
}

/** The appointments of one day, earliest first. */
export const DayList = ({ appointments, ...rest }: { appointments: Appointment[] } & Omit<RowProps, 'appointment' | 'typeName'>) => {
	const { t } = useTranslation()
	const typeNames = useTypeNames()
	if (appointments.length === 0) return <Empty title={t('doctor.day.empty')} />
	return (
		<ol className={classes.list} aria-label={t('doctor.day.list')}>
			{appointments.map(appointment => (
				<Row key={appointment.id} appointment={appointment} typeName={typeNames.get(appointment.typeId)} {...rest} />
			))}
		</ol>
	)
}
