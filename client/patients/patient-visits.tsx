import { Button, Group, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Appointment, Doctor, Page } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './patients.module.css'

export type VisitActions = {
	doctors: readonly Doctor[]
	onOpenVisit: (appointment: Appointment) => void
	onMoveVisit: (appointment: Appointment) => void
}

const shown = 10

/** Visits to come and past ones. Enter opens one beside its time in the day. */
export const PatientVisits = ({ patientId, ...actions }: VisitActions & { patientId: string }) => {
	const { t } = useTranslation()
	const visits = useQuery({
		queryKey: ['patient-visits', patientId],
		queryFn: ({ signal }) => request<Page<Appointment>>(`/appointments${query({ patientId, limit: 200 })}`, { signal }),
		staleTime: 0,
	})
	if (visits.error) return <ErrorMessage error={visits.error} onRetry={() => void visits.refetch()} />
	const now = Date.now()
	const all = visits.data?.items ?? []
	const isNext = ({ endsAt, status }: Appointment) => Date.parse(endsAt) > now && ['booked', 'checked_in', 'in_progress'].includes(status)
	const next = all.filter(isNext)
	const past = all.filter(visit => !isNext(visit)).reverse()
	return (
		<>
			<Title order={3} size="h6">
				{t('patients.card.next')}
			</Title>
			<Visits visits={next.slice(0, shown)} none={t('patients.card.noNext')} testId="patient-next" {...actions} />
			<Title order={3} size="h6">
				{t('patients.card.past')}
			</Title>
			<Visits visits={past.slice(0, shown)} none={t('patients.card.noPast')} testId="patient-past" {...actions} />
		</>
	)
}

type ListProps = VisitActions & { visits: readonly Appointment[]; none: string; testId: string }

const Visits = ({ visits, none, testId, ...actions }: ListProps) =>
	visits.length === 0 ? (
		<Text size="sm">{none}</Text>
	) : (
		<ul className={classes.visits} data-testid={testId}>
			{visits.map(visit => (
				<Visit key={visit.id} visit={visit} {...actions} />
			))}
		</ul>
	)

const Visit = ({ visit, doctors, onOpenVisit, onMoveVisit }: VisitActions & { visit: Appointment }) => {
	const { t } = useTranslation()
	const doctor = doctors.find(({ id }) => id === visit.doctorId)
	const format = useFormat(doctor?.timeZone)
	const when = format.dayAndTime(visit.startsAt)
	const named = (action: string) => `${action}: ${when}`
	const mayMove = visit.status === 'booked' || visit.status === 'checked_in'
	return (
		<li>
			<span>
				{when}, {visit.doctorName} · {t(`status.${visit.status}`)}
			</span>
			<Group gap={4}>
				{visit.slotIds.length > 0 && visit.status !== 'cancelled' && doctor && (
					<Button
						size="compact-sm"
						variant="default"
						aria-label={named(t('patients.card.openVisit'))}
						onClick={() => onOpenVisit(visit)}
						data-testid="patient-open-visit"
					>
						{t('patients.card.openVisit')}
					</Button>
				)}
				{mayMove && (
					<Button size="compact-sm" variant="default" aria-label={named(t('patients.card.move'))} onClick={() => onMoveVisit(visit)}>
						{t('patients.card.move')}
					</Button>
				)}
			</Group>
		</li>
	)
}
