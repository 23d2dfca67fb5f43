import { Button, Group, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation, useSearchParams } from 'react-router'
import type { Doctor, Page } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { fetched } from '../shell/fetched.tsx'
import { Screen } from '../shell/layout.tsx'
import { Empty, ErrorMessage, Loading, SlowNote } from '../shell/messages.tsx'
import { DoctorCard, DoctorCardSkeleton } from './doctor-card.tsx'
import classes from './doctors.module.css'
import { type Filter, Filters } from './filters.tsx'
import { useNextFree } from './queries.ts'

// Few come here with a visit to move.
const MovingOnTheWay = lazy(() => import('./moving-on-the-way.tsx'))

const Times = fetched(() => import('./times-screen.tsx'))

const pageSize = 12
const debounceMs = 250

type Asked = Record<Filter, string> & { q: string }

/** Those with the soonest free time first. */
const useDoctors = ({ q, specialty, site, language }: Asked) =>
	useInfiniteQuery({
		queryKey: ['doctors', q, specialty, site, language],
		queryFn: ({ pageParam, signal }) =>
			request<Page<Doctor>>(
				`/doctors${query({ q, specialty, siteId: site, language, sort: 'soonest', limit: pageSize, cursor: pageParam })}`,
				{ signal },
			),
		initialPageParam: '',
		getNextPageParam: last => last.nextCursor,
		placeholderData: before => before,
	})

const nextFreeEach = 3

/** The doctors of one page, whose next free times are asked for together. */
const DoctorPage = ({ doctors, movingId }: { doctors: readonly Doctor[]; movingId: string | undefined }) => {
	const free = useNextFree(
		doctors.map(({ id }) => id),
		nextFreeEach,
	)
	return doctors.map(doctor => (
		<DoctorCard
			key={doctor.id}
			doctor={doctor}
			times={free.data ? (free.data.get(doctor.id) ?? []) : undefined}
			failed={free.isError && !free.data}
			movingId={movingId}
			onRetry={free.refetch}
		/>
	))
}

export const DoctorsScreen = () => {
	const { t } = useTranslation()
	const [parameters, setParameters] = useSearchParams()
	const { pathname } = useLocation()
	const chosen = {
		specialty: parameters.get('specialty') ?? '',
		site: parameters.get('site') ?? '',
		language: parameters.get('language') ?? '',
	}
	const asked = parameters.get('q') ?? ''
	const movingId = parameters.get('move') || undefined
	const [typed, setTyped] = useState(asked)
	const [settled] = useDebouncedValue(typed, debounceMs)
	const doctors = useDoctors({ q: settled.trim(), ...chosen })

	// The address says what is shown, so that the way back from a doctor leads here again.
	useEffect(() => {
		// A visitor who tapped on a doctor is on the way there while that page is being fetched: this must not call them back.
		if (window.location.pathname !== pathname) return
		const shown = settled.trim()
		setParameters(
			before => {
				if ((before.get('q') ?? '') === shown) return before
				const after = new URLSearchParams(before)
				if (shown) after.set('q', shown)
				else after.delete('q')
				return after
			},
			{ replace: true },
		)
	}, [settled, pathname, setParameters])

	const byTime = parameters.get('by') === 'time' && !movingId
	const choose = (changes: Partial<Record<Filter | 'by', string>>) =>
		setParameters(
			before => {
				const after = new URLSearchParams(before)
				for (const [name, value] of Object.entries(changes)) {
					if (value) after.set(name, value)
					else after.delete(name)
				}
				return after
			},
			{ replace: true },
		)

	const found = doctors.data?.pages.flatMap(({ items }) => items) ?? []
	const showAll = () => {
		setTyped('')
		choose({ specialty: '', site: '', language: '' })
	}

	return (
		<Screen title={t('booking.findTitle')}>
			<Stack gap="md">
				<Suspense>{movingId && <MovingOnTheWay appointmentId={movingId} />}</Suspense>
				<Text className={classes.lead}>{t('booking.findText')}</Text>
				{!movingId && (
					<Group gap="xs" role="group" aria-label={t('journey.lookBy')}>
						{(['', 'time'] as const).map(by => (
							<Button
								key={by}
								size="md"
								variant={byTime === (by === 'time') ? 'light' : 'default'}
								aria-pressed={byTime === (by === 'time')}
								onClick={() => choose({ by })}
							>
								{t(by === 'time' ? 'journey.byTime' : 'journey.byDoctor')}
							</Button>
						))}
					</Group>
				)}
				{byTime && (
					<>
						<Filters chosen={chosen} onChoose={(filter, value) => choose({ [filter]: value })} />
						<Suspense fallback={<Loading />}>
							<Times chosen={chosen} />
						</Suspense>
					</>
				)}
				{!byTime && (
					<>
						<TextInput
							type="search"
							size="md"
							label={t('booking.search')}
							placeholder={t('booking.searchHint')}
							leftSection={<IconSearch size={18} aria-hidden />}
							value={typed}
							maxLength={100}
							onChange={event => setTyped(event.currentTarget.value)}
						/>
						<Filters chosen={chosen} onChoose={(filter, value) => choose({ [filter]: value })} />
						<VisuallyHidden role="status">
							{doctors.isSuccess && !doctors.isFetching ? t('booking.found', { count: found.length }) : ''}
						</VisuallyHidden>
						{doctors.isPending && <SlowNote />}
						{doctors.isPending && [0, 1, 2].map(each => <DoctorCardSkeleton key={each} />)}
						{doctors.isError && found.length === 0 && <ErrorMessage error={doctors.error} onRetry={() => void doctors.refetch()} />}
						{doctors.isSuccess && found.length === 0 && (
							<Empty title={t('booking.noDoctors')}>
								<Text className={classes.lead}>{t('booking.noDoctorsText')}</Text>
								{(typed || Object.values(chosen).some(Boolean)) && (
									<Button variant="light" size="md" onClick={showAll}>
										{t('booking.showAll')}
									</Button>
								)}
							</Empty>
						)}
						<ul className={classes.list} aria-label={t('booking.doctors')} aria-busy={doctors.isFetching}>
							{doctors.data?.pages.map(page => (
								<DoctorPage key={page.items[0]?.id ?? 'none'} doctors={page.items} movingId={movingId} />
							))}
						</ul>
						{doctors.isFetchNextPageError && <ErrorMessage error={doctors.error} />}
						{doctors.hasNextPage && (
							<Button variant="default" size="md" loading={doctors.isFetchingNextPage} onClick={() => void doctors.fetchNextPage()}>
								{t('app.more')}
							</Button>
						)}
					</>
				)}
			</Stack>
		</Screen>
	)
}
