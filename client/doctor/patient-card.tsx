import { Anchor, Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, DoctorsPatient } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import classes from '../patients/patients.module.css'
import { ageOf } from '../patients/use-patient.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import { FollowUp } from './follow-up.tsx'

const shown = 10

/** The patient in front of the doctor: how old, how to reach, which visits were here; and the next one. */
export const PatientCard = ({ appointment, timeZone }: { appointment: Appointment; timeZone: string }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const [following, setFollowing] = useState(false)
	const { doctorId, patientId } = appointment
	const read = useQuery({
		queryKey: ['doctors-patient', doctorId, patientId],
		queryFn: ({ signal }) => request<DoctorsPatient>(`/doctors/${doctorId}/patients/${patientId}`, { signal }),
		staleTime: 0,
	})
	if (read.error) return <ErrorMessage error={read.error} onRetry={() => void read.refetch()} />
	if (!read.data) return <Skeletons heights={[24, 24, 24]} />
	const { fullName, birthDate, phone, notes, tags, noShows, visits } = read.data
	const others = visits.filter(({ id }) => id !== appointment.id)
	return (
		<Stack gap="xs" data-testid="day-patient">
			<Group gap="sm">
				{birthDate && (
					<Text fz="sm">
						{format.dateNumeric(birthDate)} ({t('patients.card.age', { count: ageOf(birthDate) })})
					</Text>
				)}
				{phone && (
					<Anchor href={`tel:${phone.replace(/[^+0-9]/g, '')}`} fz="sm" dir="ltr" underline="always">
						{phone}
					</Anchor>
				)}
				{tags.map(tag => (
					<Badge key={tag} variant="default" tt="none">
						{tag}
					</Badge>
				))}
				{noShows > 0 && <Text fz="sm">{t('patients.card.noShows', { count: noShows })}</Text>}
			</Group>
			{notes && (
				<Text fz="sm" style={{ whiteSpace: 'pre-line' }}>
					{notes}
				</Text>
			)}
			<Button
				size="sm"
				style={{ alignSelf: 'flex-start' }}
				aria-expanded={following}
				aria-label={`${t('patients.doctor.followUp')}: ${fullName}`}
				onClick={() => setFollowing(!following)}
				data-testid="day-follow-up"
			>
				{t('patients.doctor.followUp')}
			</Button>
			{following && <FollowUp appointment={appointment} timeZone={timeZone} patientName={fullName} />}
			<Title order={4} size="h6">
				{t('patients.doctor.history')}
			</Title>
			{others.length === 0 && <Text fz="sm">{t('patients.card.noPast')}</Text>}
			<ul className={classes.visits}>
				{others.slice(0, shown).map(({ id, startsAt, typeName, status, reason }) => (
					<li key={id}>
						<span>
							{format.dayAndTime(startsAt)}, {typeName}
							{reason && ` · ${reason}`}
						</span>
						<span>{t(`status.${status}`)}</span>
					</li>
				))}
			</ul>
		</Stack>
	)
}
