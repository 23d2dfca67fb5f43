import { Button, Group, NativeSelect, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, AppointmentType, AvailableDay, Hold } from '../../contract/index.ts'
import { createAttempts } from '../api/attempt.ts'
import { ApiError, query, request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { useAppointmentTypes } from '../booking/queries.ts'
import { useFormat } from '../i18n/format.ts'
import { type Language, languages, setLanguage } from '../i18n/index.ts'
import { ErrorMessage, Loading } from '../shell/messages.tsx'

const Identify = lazy(() => import('../booking/identify.tsx'))

type Step = { at: 'choosing'; isTaken: boolean } | { at: 'booking'; startsAt: string } | { at: 'booked'; appointment: Appointment }

/** Booking within the frame of the clinic's own website: what for, when, who, done. Any doctor will do. */
export default function EmbedScreen() {
	const { t } = useTranslation()
	const types = useAppointmentTypes()
	const [typeId, setTypeId] = useState<string>()
	const [step, setStep] = useState<Step>({ at: 'choosing', isTaken: false })
	useReportedHeight()
	useAskedLanguage()
	const chosen = types.data?.find(({ id }) => id === typeId) ?? types.data?.[0]
	return (
		<main style={{ padding: 16 }}>
			<Stack maw={640} mx="auto">
				<title>{t('doors.frame.title')}</title>
				<Title order={1} fz="h2">
					{t('doors.frame.title')}
				</Title>
				{types.error && <ErrorMessage error={types.error} onRetry={() => types.refetch()} />}
				{types.isPending && <Loading onRetry={() => types.refetch()} />}
				{step.at === 'choosing' && types.data && chosen && (
					<>
						<NativeSelect
							label={t('doors.frame.type')}
							value={chosen.id}
							onChange={event => setTypeId(event.currentTarget.value)}
							data={types.data.map(({ id, name }) => ({ value: id, label: name }))}
							data-testid="embed-type"
						/>
						{step.isTaken && <ErrorMessage error={undefined} text={t('doors.frame.taken')} />}
						<Times key={chosen.id} type={chosen} onChosen={startsAt => setStep({ at: 'booking', startsAt })} />
					</>
				)}
				{step.at === 'booking' && chosen && (
					<Finish
						type={chosen}
						startsAt={step.startsAt}
						onBack={isTaken => setStep({ at: 'choosing', isTaken })}
						onBooked={appointment => {
							tell({ liveslot: 'booked' })
							setStep({ at: 'booked', appointment })
						}}
					/>
				)}
				{step.at === 'booked' && <Booked appointment={step.appointment} onAgain={() => setStep({ at: 'choosing', isTaken: false })} />}
			</Stack>
		</main>
	)
}

/** The page around cannot measure this one. The height says nothing about its reader, so any page may learn it. */
function useReportedHeight() {
	useEffect(() => {
		const observer = new ResizeObserver(() => tell({ liveslot: 'height', height: document.documentElement.getBoundingClientRect().height }))
		// The page would otherwise be at least as high as its frame, which could then never become lower.
		document.body.style.minHeight = '0'
		observer.observe(document.documentElement)
		return () => observer.disconnect()
	}, [])
}

function useAskedLanguage() {
	useEffect(() => {
		const asked = new URLSearchParams(window.location.search).get('language')
		if (asked && Object.hasOwn(languages, asked)) void setLanguage(asked as Language).catch(() => {})
	}, [])
}

const tell = (message: object) => window.parent.postMessage(message, '*')

const daysAhead = 41
const [fewTimes, manyTimes] = [12, 50]

function Times({ type, onChosen }: { type: AppointmentType; onChosen: (startsAt: string) => void }) {
	const { t } = useTranslation()
	const format = useFormat(undefined)
	const [limit, setLimit] = useState(fewTimes)
	const [from, to] = [dateIn(0), dateIn(daysAhead)]
	const available = useQuery({
		queryKey: ['embed-times', type.id, limit],
		queryFn: () => request<{ days: AvailableDay[] }>(`/availability${query({ typeId: type.id, from, to, limit })}`),
		refetchInterval: 30_000,
	})
	if (available.error) return <ErrorMessage error={available.error} onRetry={() => available.refetch()} />
	if (!available.data) return <Loading onRetry={() => available.refetch()} />
	const days = available.data.days.filter(({ times }) => times.length > 0)
	const count = days.reduce((sum, { times }) => sum + times.length, 0)
	return (
		<Stack role="group" aria-label={t('doors.frame.time')}>
			{days.length === 0 && <Text>{t('doors.frame.none')}</Text>}
			{days.map(({ date, times }) => (
				<section key={date} aria-label={format.dateLong(date)}>
					<Title order={2} fz="md" mb={6}>
						{format.dateLong(date)}
					</Title>
					<SimpleGrid cols={{ base: 3, xs: 4 }} spacing="xs">
						{times.map(({ startsAt }) => (
							<Button key={startsAt} variant="light" h={44} px={4} onClick={() => onChosen(startsAt)} data-testid="embed-time">
								{format.time(startsAt)}
							</Button>
						))}
					</SimpleGrid>
				</section>
			))}
			{count === fewTimes && limit === fewTimes && (
				<Group>
					<Button variant="default" onClick={() => setLimit(manyTimes)}>
						{t('doors.frame.more')}
					</Button>
				</Group>
			)}
		</Stack>
	)
}

const dateIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

type FinishProps = {
	type: AppointmentType
	startsAt: string
	onBack: (isTaken: boolean) => void
	onBooked: (appointment: Appointment) => void
}

function Finish({ type, startsAt, onBack, onBooked }: FinishProps) {
	const { t } = useTranslation()
	const format = useFormat(undefined)
	const { user } = useSession()
	const attempt = useMemo(createAttempts, [])
	const book = useMutation({
		mutationFn: async () => {
			const hold = await request<Hold>('/holds', { method: 'POST', body: { typeId: type.id, startsAt } })
			const body = { slotId: hold.slotId, typeId: type.id }
			return await attempt(body, key => request<Appointment>('/appointments', { method: 'POST', body, key }))
		},
		onSuccess: onBooked,
		onError: error => {
			if (error instanceof ApiError && ['slot_held', 'slot_booked', 'slot_blocked'].includes(error.code)) onBack(true)
		},
	})
	return (
		<Stack>
			<div>
				<Text>{t('doors.frame.chosen')}</Text>
				<Text fw={650} fz="lg" data-testid="embed-chosen">
					{`${type.name} · ${format.full(startsAt)}`}
				</Text>
			</div>
			{book.error && <ErrorMessage error={book.error} />}
			{user ? (
				<Button size="md" loading={book.isPending} onClick={() => book.mutate()} data-testid="embed-book">
					{t('doors.frame.book')}
				</Button>
			) : (
				<Suspense fallback={<Loading />}>
					<Identify />
				</Suspense>
			)}
			<Button variant="default" onClick={() => onBack(false)}>
				{t('doors.frame.other')}
			</Button>
		</Stack>
	)
}

function Booked({ appointment, onAgain }: { appointment: Appointment; onAgain: () => void }) {
	const { t } = useTranslation()
	const format = useFormat(undefined)
	const doctor = useQuery({
		queryKey: ['embed-doctor', appointment.doctorId],
		queryFn: () => request<{ fullName: string }>(`/doctors/${appointment.doctorId}`),
	})
	return (
		<Stack role="status" data-testid="embed-booked">
			<Title order={2}>{t('doors.frame.booked')}</Title>
			<Text>{t('doors.frame.bookedText', { time: format.full(appointment.startsAt), doctor: doctor.data?.fullName ?? '…' })}</Text>
			<Group>
				<Button variant="default" onClick={onAgain}>
					{t('doors.frame.again')}
				</Button>
			</Group>
		</Stack>
	)
}
