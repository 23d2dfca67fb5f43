import { ActionIcon, Group, Stack, Text, Title, useDirection } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addDays, dateIn, useFormat } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { DayPanel } from './day-panel.tsx'
import { YearLegend } from './legend.tsx'
import { useYearFacts } from './queries.ts'
import { useDayLook } from './use-day-look.ts'
import { useWeekdayName } from './words.ts'
import classes from './year.module.css'
import { type YearDay, yearDays } from './year-days.ts'

type OfDoctor = { doctorId: string; timeZone: string }

/** A year with what is in force on each day, and where. A day opens its hours. */
export const YearSection = ({ doctorId, timeZone }: OfDoctor) => {
	const { t } = useTranslation()
	const { dir } = useDirection()
	const today = dateIn(Date.now(), timeZone)
	/** The day that the keyboard is at; its year is shown. */
	const [current, setCurrent] = useState(today)
	const [opened, setOpened] = useState<string>()
	const year = Number(current.slice(0, 4))
	const { facts, sites, error, isPending, refetch } = useYearFacts(doctorId, timeZone, year)
	const { plans, dated, closures, timeOff } = facts
	// biome-ignore lint/correctness/useExhaustiveDependencies: the facts are put together for each drawing; these say whether they differ
	const days = useMemo(() => yearDays(year, facts), [year, plans, dated, closures, timeOff, sites, timeZone])
	const look = useDayLook(year, facts, sites)
	const grid = useRef<HTMLDivElement>(null)
	const moved = useRef(false)
	useEffect(() => {
		if (moved.current) grid.current?.querySelector<HTMLElement>(`[data-date="${current}"]`)?.focus()
		moved.current = false
	}, [current])

	const onKeyDown = (event: KeyboardEvent) => {
		const date = dateAfter(event.key, current, dir === 'rtl')
		if (!date || date < '1900-01-01' || date > '2199-12-31') return
		event.preventDefault()
		moved.current = true
		setCurrent(date)
	}
	const turn = (years: number) => setCurrent(year + years === Number(today.slice(0, 4)) ? today : `${year + years}-01-01`)
	const day = opened ? days.find(({ date }) => date === opened) : undefined
	const [Previous, Next] = dir === 'rtl' ? [IconChevronRight, IconChevronLeft] : [IconChevronLeft, IconChevronRight]
	return (
		<Stack component="section" aria-labelledby="year">
			<Group justify="space-between">
				<Title order={2} size="h3" id="year">
					{t('hours.year.title')}
				</Title>
				<Group gap="xs">
					<ActionIcon variant="default" size={44} aria-label={t('doctor.calendar.previousYear')} onClick={() => turn(-1)}>
						<Previous size={20} aria-hidden />
					</ActionIcon>
					<Text fw={650} fz="lg" role="status">
						{year}
					</Text>
					<ActionIcon variant="default" size={44} aria-label={t('doctor.calendar.nextYear')} onClick={() => turn(1)}>
						<Next size={20} aria-hidden />
					</ActionIcon>
				</Group>
			</Group>
			<Text fz="sm">{t('hours.year.how')}</Text>
			{error && <ErrorMessage error={error} onRetry={refetch} />}
			<YearLegend year={year} facts={facts} sites={sites} />
			<div ref={grid} className={classes.year} aria-busy={isPending} data-testid="year">
				{months.map(month => (
					<Month
						key={month}
						days={days.filter(({ date }) => date.startsWith(`${year}-${month}`))}
						onKeyDown={onKeyDown}
						look={look}
						today={today}
						current={current}
						onOpen={date => {
							setCurrent(date)
							setOpened(date)
						}}
					/>
				))}
			</div>
			{day && (
				<DayPanel
					day={day}
					description={look(day).description}
					doctorId={doctorId}
					timeZone={timeZone}
					sites={sites}
					today={today}
					onClose={() => setOpened(undefined)}
				/>
			)}
		</Stack>
	)
}

const months = Array.from({ length: 12 }, (_, month) => String(month + 1).padStart(2, '0'))

/** Where a key leads from a date, in a calendar of months; undefined for other keys. */
const dateAfter = (key: string, date: string, isRtl: boolean): string | undefined => {
	const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7
	switch (key) {
		case 'ArrowRight':
			return addDays(date, isRtl ? -1 : 1)
		case 'ArrowLeft':
			return addDays(date, isRtl ? 1 : -1)
		case 'ArrowDown':
			return addDays(date, 7)
		case 'ArrowUp':
			return addDays(date, -7)
		case 'Home':
			return addDays(date, -weekday)
		case 'End':
			return addDays(date, 6 - weekday)
		case 'PageDown':
			return monthsLater(date, 1)
		case 'PageUp':
			return monthsLater(date, -1)
		default:
			return undefined
	}
}

/** The same day of another month, or its last one. */
const monthsLater = (date: string, months: number): string => {
	const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
	const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate()
	return new Date(Date.UTC(year, month - 1 + months, Math.min(day, last))).toISOString().slice(0, 10)
}

type MonthProps = {
	days: YearDay[]
	look: ReturnType<typeof useDayLook>
	today: string
	current: string
	onOpen: (date: string) => void
	onKeyDown: (event: KeyboardEvent) => void
}

const Month = ({ days, look, today, current, ...on }: MonthProps) => {
	const format = useFormat()
	const [long, narrow] = [useWeekdayName(), useWeekdayName('narrow')]
	const first = days[0]?.date ?? ''
	const name = `${format.dateMonth(first)} ${first.slice(0, 4)}`
	return (
		<section className={classes.month}>
			<Title order={3} size="h5" ta="center">
				{format.dateMonth(first)}
			</Title>
			{/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid of days, as WAI-ARIA's practices build it */}
			<table role="grid" aria-label={name}>
				<thead>
					<tr>
						{[1, 2, 3, 4, 5, 6, 7].map(weekday => (
							<th key={weekday} scope="col" abbr={long(weekday)}>
								{narrow(weekday)}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{weeksOf(days).map(week => (
						<tr key={week.find(Boolean)?.date}>
							{week.map((day, place) =>
								day ? (
									<td key={day.date}>
										<Day day={day} look={look(day)} isToday={day.date === today} isCurrent={day.date === current} {...on} />
									</td>
								) : (
									// biome-ignore lint/suspicious/noArrayIndexKey: an empty place has no other name
									<td key={place} />
								),
							)}
						</tr>
					))}
				</tbody>
			</table>
		</section>
	)
}

/** From Monday on, with empty places before the first day. */
const weeksOf = (days: YearDay[]): (YearDay | undefined)[][] => {
	const before = (new Date(`${days[0]?.date}T00:00:00Z`).getUTCDay() + 6) % 7
	const places = [...Array<undefined>(before).fill(undefined), ...days]
	return Array.from({ length: Math.ceil(places.length / 7) }, (_, week) => places.slice(week * 7, week * 7 + 7))
}

type DayProps = {
	day: YearDay
	look: ReturnType<ReturnType<typeof useDayLook>>
	isToday: boolean
	isCurrent: boolean
	onOpen: (date: string) => void
	onKeyDown: (event: KeyboardEvent) => void
}

const Day = ({ day, look, isToday, isCurrent, onOpen, onKeyDown }: DayProps) => (
	<button
		type="button"
		className={classes.cell}
		data-date={day.date}
		data-state={day.state}
		data-hue={look.hue}
		data-partly={day.isPartlyAway || undefined}
		tabIndex={isCurrent ? 0 : -1}
		aria-current={isToday ? 'date' : undefined}
		aria-label={look.label}
		onClick={() => onOpen(day.date)}
		onKeyDown={onKeyDown}
	>
		<span className={classes.number}>{Number(day.date.slice(8))}</span>
		<span className={classes.mark}>{look.mark}</span>
	</button>
)
