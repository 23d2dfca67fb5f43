import { Button, Group, Paper, Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { DatePickerInput } from '@mantine/dates'
import { IconDownload } from '@tabler/icons-react'
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { toCsv } from '../../contract/csv.ts'
import type { Analytics, Doctor, Page } from '../../contract/index.ts'
import { download, query, request } from '../api/http.ts'
import { dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { Dates, usePicker } from '../shell/dates.tsx'
import { Screen } from '../shell/layout.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import { saveFile } from '../shell/save-file.ts'
import { Skeletons } from '../shell/skeletons.tsx'
import { BusyHours } from './busy-hours.tsx'
import classes from './chart.module.css'
import { BookingsByDay, LeadTime, Losses, Utilisation } from './charts.tsx'
import { useDuration } from './duration.ts'
import { ByChannel, ByType, Definitions } from './more-figures.tsx'
import { daysIn, maxDays, type Period, type Preset, periodOf, presetOf, presets } from './period.ts'

const listDoctors = async (signal: AbortSignal): Promise<Doctor[]> => {
	const doctors: Doctor[] = []
	let cursor: string | undefined
	do {
		const page = await request<Page<Doctor>>(`/doctors${query({ limit: 200, cursor })}`, { signal })
		doctors.push(...page.items)
		cursor = page.nextCursor ?? undefined
	} while (cursor)
	return doctors
}

const isDate = (text: string | null): text is string => text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text)

/** What is looked at, kept in the address so that it can be passed on. */
const useChosen = (today: string) => {
	const [params, setParams] = useSearchParams()
	const [from, to] = [params.get('from'), params.get('to')]
	const period: Period = isDate(from) && isDate(to) && from <= to ? { from, to } : periodOf('last30', today)
	const doctorId = params.get('doctor') ?? undefined
	const choose = (next: { period?: Period; doctorId?: string | undefined }) => {
		const chosen = { period, doctorId, ...next }
		setParams({ ...chosen.period, ...(chosen.doctorId && { doctor: chosen.doctorId }) }, { replace: true })
	}
	return { period, doctorId, choose }
}

const Filters = ({ period, doctorId, choose, today }: ReturnType<typeof useChosen> & { today: string }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const picker = usePicker()
	const doctors = useQuery({ queryKey: ['doctors', 'all'], queryFn: ({ signal }) => listDoctors(signal), staleTime: 300_000 })
	// A range has a beginning before it has an end.
	const [draft, setDraft] = useState<[string | null, string | null] | undefined>()
	const shown = draft ?? [period.from, period.to]
	const tooLong = daysIn(period) > maxDays
	return (
		<Group align="flex-start" gap="sm">
			<Select
				comboboxProps={{ withinPortal: false }}
				label={t('admin.analytics.period')}
				data={[
					...presets.map(value => ({ value, label: t(`admin.analytics.preset.${value}`) })),
					{ value: 'other', label: t('admin.analytics.preset.other'), disabled: true },
				]}
				allowDeselect={false}
				value={presetOf(period, today) ?? 'other'}
				onChange={value => value && value !== 'other' && choose({ period: periodOf(value as Preset, today) })}
			/>
			<DatePickerInput
				type="range"
				label={t('admin.analytics.dates')}
				allowSingleDateInRange
				miw={250}
				{...picker}
				value={shown}
				valueFormatter={() => shown.map(date => (date ? `${format.dateDay(date)} ${date.slice(0, 4)}` : '…')).join(' – ')}
				onChange={([from, to]) => {
					if (from && to) {
						setDraft(undefined)
						choose({ period: { from, to } })
					} else setDraft([from, to])
				}}
				error={tooLong && t('admin.analytics.tooLong', { days: format.number(maxDays) })}
			/>
			<Select
				comboboxProps={{ withinPortal: false }}
				label={t('admin.analytics.doctor')}
				placeholder={t('admin.analytics.allDoctors')}
				data={(doctors.data ?? []).map(({ id, fullName }) => ({ value: id, label: fullName }))}
				searchable
				clearable
				clearButtonProps={{ 'aria-label': t('admin.analytics.allDoctors') }}
				value={doctorId ?? null}
				onChange={value => choose({ doctorId: value ?? undefined })}
			/>
		</Group>
	)
}

const Tiles = ({ figures }: { figures: Analytics }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const duration = useDuration()
	const minutes = (value: number | null) => (value === null ? '–' : t('history.figures.minutes', { count: Math.round(value) }))
	const tiles: [string, string][] = [
		[t('admin.analytics.appointments'), format.number(figures.totals.appointments)],
		[t('admin.analytics.completed'), format.number(figures.totals.completed)],
		[t('admin.analytics.utilisation'), format.percent(figures.utilisation)],
		[t('admin.analytics.noShowRate'), format.percent(figures.noShowRate)],
		[t('admin.analytics.cancellationRate'), format.percent(figures.cancellationRate)],
		[t('admin.analytics.leadMedian'), duration(figures.leadTime.medianHours)],
		[t('admin.analytics.leadP90'), duration(figures.leadTime.p90Hours)],
		[t('history.figures.moves'), format.number(figures.moves.moves)],
		...(figures.punctuality.visits > 0
			? ([
					[t('history.figures.waiting'), minutes(figures.waiting.medianMinutes)],
					[t('history.figures.waitingP90'), minutes(figures.waiting.p90Minutes)],
					[t('history.figures.late'), minutes(figures.punctuality.medianMinutesLate)],
					[t('history.figures.onTime'), format.percent(figures.punctuality.onTimeRate)],
				] as [string, string][])
			: []),
	]
	return (
		<dl className={classes.tiles} data-testid="analytics-tiles">
			{tiles.map(([label, value]) => (
				<Paper key={label} withBorder p="sm">
					<Text component="dt" fz="sm">
						{label}
					</Text>
					<Text component="dd" m={0} fz={26} fw={700} lh={1.2}>
						{value}
					</Text>
				</Paper>
			))}
		</dl>
	)
}

const rounded = (share: number | null) => (share === null ? null : Number(share.toFixed(4)))

const Exports = ({ figures, period, doctorId }: { figures: Analytics; period: Period; doctorId: string | undefined }) => {
	const { t } = useTranslation()
	const column = (name: string) => t(`admin.analytics.${name}`)
	const visits = useMutation({
		mutationFn: async () => {
			const file = await download(`/admin/appointments.csv${query({ ...period, doctorId })}`)
			saveFile(file, `liveslot-appointments-${period.from}-${period.to}.csv`)
		},
	})
	const save = (what: string, columns: string[], rows: (string | number | null)[][]) =>
		saveFile(
			new Blob([toCsv(columns.map(column), rows)], { type: 'text/csv;charset=utf-8' }),
			`liveslot-${what}-${period.from}-${period.to}.csv`,
		)
	const byDay = () =>
		save(
			'days',
			['date', 'booked', 'cancelled', 'noShow'],
			figures.byDay.map(day => [day.date, day.booked, day.cancelled, day.noShow]),
		)
	const byDoctor = () =>
		save(
			'doctors',
			['doctor', 'appointments', 'cancelled', 'noShow', 'slots', 'bookedSlots', 'utilisation'],
			figures.byDoctor.map(d => [d.fullName, d.appointments, d.cancelled, d.noShow, d.slots, d.bookedSlots, rounded(d.utilisation)]),
		)
	return (
		<Group gap="xs">
			<Button variant="default" leftSection={<IconDownload size={18} aria-hidden />} onClick={byDay}>
				{t('admin.analytics.exportDays')}
			</Button>
			<Button variant="default" leftSection={<IconDownload size={18} aria-hidden />} onClick={byDoctor}>
				{t('admin.analytics.exportDoctors')}
			</Button>
			<Button
				variant="default"
				leftSection={<IconDownload size={18} aria-hidden />}
				loading={visits.isPending}
				onClick={() => visits.mutate()}
			>
				{t('history.figures.exportVisits')}
			</Button>
			{visits.error && <ErrorMessage error={visits.error} />}
		</Group>
	)
}

const Figures = ({ figures, period, doctorId }: { figures: Analytics; period: Period; doctorId: string | undefined }) => {
	const { t } = useTranslation()
	return (
		<Stack>
			<Tiles figures={figures} />
			<Definitions />
			{figures.totals.appointments === 0 && figures.totals.slots === 0 ? (
				<Empty title={t('admin.analytics.empty')} />
			) : (
				<>
					<SimpleGrid cols={{ base: 1, lg: 2 }}>
						<BookingsByDay byDay={figures.byDay} />
						<Losses byDay={figures.byDay} totals={figures.totals} />
						<Utilisation byDoctor={figures.byDoctor} utilisation={figures.utilisation} />
						<LeadTime leadTime={figures.leadTime} />
					</SimpleGrid>
					<SimpleGrid cols={{ base: 1, lg: 2 }}>
						<ByType byType={figures.byType} />
						<ByChannel byChannel={figures.byChannel} />
					</SimpleGrid>
					<BusyHours byHour={figures.byHour} />
				</>
			)}
			<Exports figures={figures} period={period} doctorId={doctorId} />
		</Stack>
	)
}

const AnalyticsScreen = () => {
	const { t } = useTranslation()
	const today = dateIn(Date.now(), viewerZone())
	const chosen = useChosen(today)
	const { period, doctorId } = chosen
	const figures = useQuery({
		queryKey: ['analytics', period.from, period.to, doctorId],
		queryFn: ({ signal }) => request<Analytics>(`/admin/analytics${query({ ...period, doctorId })}`, { signal }),
		placeholderData: keepPreviousData,
		enabled: daysIn(period) <= maxDays,
	})
	return (
		<Screen title={t('nav.analytics')} wide>
			<Dates>
				<Stack>
					<Filters {...chosen} today={today} />
					{figures.error ? (
						<ErrorMessage error={figures.error} onRetry={() => void figures.refetch()} />
					) : figures.data ? (
						<div aria-busy={figures.isPlaceholderData}>
							<Figures figures={figures.data} period={period} doctorId={doctorId} />
						</div>
					) : (
						<Skeletons heights={[330, 330, 330, 330]} cols={{ base: 1, lg: 2 }} />
					)}
				</Stack>
			</Dates>
		</Screen>
	)
}

export default AnalyticsScreen
