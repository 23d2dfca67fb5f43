import { Alert, Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, AppointmentType, AvailableDay, Page } from '../../contract/index.ts'
import { createAttempts } from '../api/attempt.ts'
import { query, request } from '../api/http.ts'
import { addDays, dateIn, mondayOf, useFormat } from '../i18n/format.ts'
import classes from '../patients/patients.module.css'
import { ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'

const weeksAhead = [1, 2, 4, 6, 8, 12]

type Props = { appointment: Appointment; timeZone: string; patientName: string }

/** The next visit of the patient in front of the doctor: in how many weeks, and at which time. Choosing the time books it. */
export const FollowUp = ({ appointment, timeZone, patientName }: Props) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const queries = useQueryClient()
	const [typeId, setTypeId] = useState(appointment.typeId)
	const [weeks, setWeeks] = useState<number>()
	const [attempt] = useState(createAttempts)
	const { doctorId, patientId } = appointment
	const types = useQuery({
		queryKey: ['appointment-types', doctorId],
		queryFn: ({ signal }) => request<Page<AppointmentType>>(`/appointment-types${query({ doctorId })}`, { signal }),
		staleTime: 60_000,
	})
	const monday = weeks === undefined ? undefined : mondayOf(addDays(dateIn(Date.now(), timeZone), 7 * weeks))
	const times = useQuery({
		queryKey: ['follow-up', doctorId, typeId, monday],
		queryFn: ({ signal }) => {
			const wanted = { typeId, doctorIds: doctorId, from: monday as string, to: addDays(monday as string, 6) }
			return request<{ days: AvailableDay[] }>(`/availability${query(wanted)}`, { signal })
		},
		enabled: monday !== undefined,
		staleTime: 0,
	})
	const book = useMutation({
		mutationFn: (slotId: string) => {
			const body = { slotId, typeId, patientId }
			return attempt(body, key => request<Appointment>('/appointments', { method: 'POST', body, key }))
		},
		onSuccess: () => void queries.invalidateQueries({ queryKey: ['doctors-patient', doctorId, patientId] }),
		onError: () => void times.refetch(),
	})
	if (book.data)
		return (
			<Alert color="green" variant="light" role="status" data-testid="follow-up-booked">
				<Text c="var(--mantine-color-text)">
					{t('patients.doctor.booked', { name: patientName, time: format.dayAndTime(book.data.startsAt) })}
				</Text>
			</Alert>
		)
	const days = (times.data?.days ?? []).filter(day => day.times.length > 0)
	return (
		<Stack gap="xs" role="group" aria-label={t('patients.doctor.followUp')}>
			<Group gap="xs" align="flex-end">
				<NativeSelect
					label={t('patients.doctor.type')}
					value={typeId}
					onChange={event => setTypeId(event.currentTarget.value)}
					data={(types.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
				/>
				{weeksAhead.map(count => (
					<Button
						key={count}
						size="sm"
						variant={count === weeks ? 'filled' : 'default'}
						aria-pressed={count === weeks}
						onClick={() => setWeeks(count)}
					>
						{t('patients.doctor.weeks', { count })}
					</Button>
				))}
			</Group>
			{times.error && <ErrorMessage error={times.error} onRetry={() => void times.refetch()} />}
			{book.error && <ErrorMessage error={book.error} />}
			{monday !== undefined && times.isPending && <Skeletons heights={[36, 36]} />}
			{monday !== undefined && times.data && (
				<>
					<Text fz="sm" role="status">
						{days.length === 0 ? t('patients.doctor.none') : t('patients.doctor.times', { date: format.dateDay(monday) })}
					</Text>
					{days.map(day => (
						<div key={day.date}>
							<Text fz="sm" fw={600}>
								{format.dateLong(day.date)}
							</Text>
							<div className={classes.times}>
								{day.times.map(({ startsAt, slotIds }) => (
									<Button
										key={startsAt}
										size="compact-md"
										variant="default"
										disabled={book.isPending}
										aria-label={`${format.dateLong(day.date)}, ${format.time(startsAt)}`}
										onClick={() => book.mutate(slotIds[0] as string)}
										data-testid="follow-up-time"
									>
										{format.time(startsAt)}
									</Button>
								))}
							</div>
						</div>
					))}
				</>
			)}
		</Stack>
	)
}
