import { Button, NativeSelect, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { AvailableDay, Doctor, Page } from '../../contract/index.ts'
import { ApiError, query, request, serverNow } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { ask } from '../api/socket.ts'
import { addDays, dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { ErrorMessage, Loading } from '../shell/messages.tsx'
import { useTypeName } from './doctor-face.tsx'
import classes from './doctors.module.css'
import type { Filter } from './filters.tsx'
import { useAppointmentTypes } from './queries.ts'

const daysAhead = 41
const shownTimes = 24

/** The earliest times at any doctor, for patients to whom the time matters most. A tap holds the time at one of its doctors. */
const TimesScreen = ({ chosen }: { chosen: Record<Filter, string> }) => {
	const { t } = useTranslation()
	const typeName = useTypeName()
	const types = useAppointmentTypes().data ?? []
	const [typeChosen, setType] = useState('')
	const type = types.find(({ id }) => id === typeChosen) ?? types[0]
	const available = useAvailability(type?.id, chosen)
	const { take, error } = useTake(type?.id, chosen)
	const days = available.data?.days ?? []
	return (
		<Stack gap="md">
			<NativeSelect
				size="md"
				label={t('booking.type')}
				data={types.map(each => ({ value: each.id, label: typeName(each) }))}
				value={type?.id}
				onChange={event => setType(event.currentTarget.value)}
			/>
			{error !== undefined && <ErrorMessage error={error} />}
			{available.isPending && <Loading />}
			{available.isError && <ErrorMessage error={available.error} onRetry={() => void available.refetch()} />}
			{available.isSuccess && days.length === 0 && <Text className={classes.dim}>{t('booking.noTimesSoon')}</Text>}
			{days.map(day => (
				<Day key={day.date} day={day} onTake={take} />
			))}
		</Stack>
	)
}

export default TimesScreen

const Day = ({ day, onTake }: { day: AvailableDay; onTake: (time: Time) => void }) => {
	const { t } = useTranslation()
	const names = useDoctorNames()
	const format = useFormat(viewerZone())
	return (
		<section aria-label={format.dateLong(day.date)}>
			<h2 className={classes.name}>{format.dateLong(day.date)}</h2>
			<ul className={classes.anyTimes}>
				{day.times.map(time => {
					const doctors = time.doctorIds.map(id => names.get(id) ?? '').filter(Boolean)
					const who = doctors.length === 1 ? doctors[0] : t('journey.doctorsHave', { count: time.doctorIds.length })
					return (
						<li key={time.startsAt}>
							<Button
								fullWidth
								variant="light"
								size="md"
								px="xs"
								h="auto"
								mih={48}
								py={6}
								data-testid="any-time"
								styles={{ label: { height: 'auto', overflow: 'visible', whiteSpace: 'normal' } }}
								onClick={() => onTake(time)}
							>
								<span>
									<span>{t('faces.from', { from: format.time(time.startsAt), until: format.time(time.endsAt) })}</span>
									<span className={classes.timeDay} style={{ display: 'block', whiteSpace: 'normal' }}>
										{who}
									</span>
								</span>
							</Button>
						</li>
					)
				})}
			</ul>
		</section>
	)
}

type Time = AvailableDay['times'][number]

const useAvailability = (typeId: string | undefined, { specialty, site }: Record<Filter, string>) => {
	const from = dateIn(serverNow(), viewerZone())
	return useQuery({
		queryKey: ['availability', typeId, specialty, site, from],
		queryFn: ({ signal }) =>
			request<{ days: AvailableDay[] }>(
				`/availability${query({ typeId, from, to: addDays(from, daysAhead), specialty, siteId: site, limit: shownTimes })}`,
				{ signal },
			),
		enabled: typeId !== undefined,
		refetchInterval: 30_000,
	})
}

const useDoctorNames = (): ReadonlyMap<string, string> => {
	const { data } = useQuery({
		queryKey: ['doctor-names'],
		queryFn: ({ signal }) => request<Page<Doctor>>('/doctors?limit=100', { signal }),
		staleTime: 600_000,
	})
	return new Map((data?.items ?? []).map(({ id, fullName }) => [id, fullName]))
}

/** Patients hold the time with the doctor whom the server chooses; newcomers with the first, while they sign up. */
const useTake = (typeId: string | undefined, { specialty, site }: Record<Filter, string>) => {
	const { user } = useSession()
	const navigate = useNavigate()
	const [error, setError] = useState<ApiError>()

	const go = (doctorId: string, slotId: string, { startsAt, endsAt }: Time) => {
		const slot = { id: slotId, startsAt, endsAt }
		void navigate(`/doctors/${doctorId}${query({ type: typeId, date: startsAt.slice(0, 10), slot: slotId })}`, { state: { slot } })
	}
	const take = async (time: Time) => {
		setError(undefined)
		const [doctorId, slotId] = [time.doctorIds[0], time.slotIds[0]]
		if (user?.role !== 'patient' || typeId === undefined) {
			if (doctorId && slotId) go(doctorId, slotId, time)
			return
		}
		try {
			const anyOf = { ...(specialty && { specialty }), ...(site && { siteId: site }) }
			const { hold } = await ask('slot:hold-any', { typeId, startsAt: time.startsAt, anyOf })
			go(hold.doctorId, hold.slotId, time)
		} catch (error) {
			setError(error instanceof ApiError ? error : new ApiError('internal'))
		}
	}
	return { take: (time: Time) => void take(time), error }
}
