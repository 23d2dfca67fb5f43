import { ActionIcon, Alert, Button, Skeleton, Text, VisuallyHidden } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconChevronLeft, IconChevronRight, IconEye, IconPlayerTrackNext, IconPlugConnectedX } from '@tabler/icons-react'
import { memo, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Doctor, Slot } from '../../contract/index.ts'
import { useCalendar } from '../api/calendar.ts'
import { reopen } from '../api/socket.ts'
import { addDays, dateIn, useFormat } from '../i18n/format.ts'
import { ErrorMessage, SlowNote } from '../shell/messages.tsx'
import classes from './booking.module.css'
import { DaySlots } from './day-slots.tsx'
import { useNextFree } from './queries.ts'
import { type Day, firstShown, shownDays, useDays, useMinute } from './week.ts'

/** From here on a whole week fits beside the panel; the style sheet has the same width. */
export const useWide = (): boolean => useMediaQuery('(min-width: 64em)', false, { getInitialValueInEffect: false })

type DayProps = { day: Day; doctor: Doctor; live: boolean; onChoose: (slot: Slot) => void }

const DayColumn = memo(({ day, doctor, live, onChoose }: DayProps) => {
	const format = useFormat()
	const id = `day-${day.date}`
	return (
		<section className={classes.column} aria-labelledby={id}>
			<h3 id={id} className={classes.columnName}>
				<span className={classes.weekday}>{format.dateWeekday(day.date)}</span> <span>{format.dateDay(day.date)}</span>
			</h3>
			<DaySlots day={day} timeZone={doctor.timeZone} live={live} onChoose={onChoose} />
		</section>
	)
})

const StripDay = memo(({ day, chosen, onDate }: { day: Day; chosen: boolean; onDate: (date: string) => void }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const button = useRef<HTMLButtonElement>(null)
	useEffect(() => {
		if (chosen) button.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
	}, [chosen])
	const free = day.startable.size
	const freeText = t('booking.freeCount', { count: free })
	return (
		<button
			ref={button}
			type="button"
			className={classes.stripDay}
			aria-pressed={chosen}
			aria-label={`${format.dateLong(day.date)}, ${freeText}`}
			onClick={() => onDate(day.date)}
		>
			<span className={classes.weekday}>{format.dateWeekday(day.date)}</span>
			<span className={classes.stripNumber}>{Number(day.date.slice(8))}</span>
			<span className={classes.stripFree} data-none={free === 0 || undefined}>
				{free === 0 ? '–' : free}
			</span>
		</button>
	)
})

type NavigationProps = { doctor: Doctor; from: string; today: string; onDate: (date: string) => void }

const Navigation = memo(({ doctor, from, today, onDate }: NavigationProps) => {
	const { t } = useTranslation()
	const format = useFormat(doctor.timeZone)
	const next = useNextFree([doctor.id], 1).data?.get(doctor.id)?.[0]
	return (
		<div className={classes.navigation}>
			<ActionIcon
				size={44}
				variant="default"
				radius="xl"
				aria-label={t('booking.earlier')}
				disabled={from <= today}
				onClick={() => onDate(addDays(from, -shownDays))}
			>
				<IconChevronLeft size={20} aria-hidden className={classes.arrow} />
			</ActionIcon>
			<h2 className={classes.range} id="week-name" tabIndex={-1} aria-live="polite">
				{`${format.dateDay(from)} – ${format.dateDay(addDays(from, shownDays - 1))}`}
			</h2>
			<ActionIcon size={44} variant="default" radius="xl" aria-label={t('booking.later')} onClick={() => onDate(addDays(from, shownDays))}>
				<IconChevronRight size={20} aria-hidden className={classes.arrow} />
			</ActionIcon>
			{next && (
				<Button
					variant="light"
					size="md"
					radius="xl"
					className={classes.nextFree}
					leftSection={<IconPlayerTrackNext size={16} aria-hidden className={classes.arrow} />}
					onClick={() => onDate(dateIn(next.startsAt, doctor.timeZone))}
				>
					{t('booking.nextFree', { time: format.dayAndTime(next.startsAt) })}
				</Button>
			)}
		</div>
	)
})

const WeekLoading = () => {
	const { t } = useTranslation()
	return (
		<>
			<SlowNote />
			<div className={classes.loading} role="status">
				<VisuallyHidden>{t('app.loading')}</VisuallyHidden>
				{[...'abcdefghijkl'].map(each => (
					<Skeleton key={each} height={48} radius="md" />
				))}
			</div>
		</>
	)
}

const Presence = memo(({ viewers }: { viewers: number | undefined }) => {
	const { t } = useTranslation()
	const others = (viewers ?? 1) - 1
	return (
		<Text size="sm" className={classes.presence} data-testid="viewers">
			{others > 0 && (
				<>
					<IconEye size={16} aria-hidden />
					{t('booking.viewers', { count: others })}
				</>
			)}
		</Text>
	)
})

type Props = {
	doctor: Doctor
	/** The day asked for, not before today. */
	date: string
	today: string
	/** How long the appointment takes. */
	minutes: number
	onDate: (date: string) => void
	onChoose: (slot: Slot) => void
	/** A slot whose loss is told. */
	watched: string | undefined
	onTaken: () => void
}

/** Seven days of a doctor's times, live. */
export const WeekView = ({ doctor, date, today, minutes, onDate, onChoose, watched, onTaken }: Props) => {
	const { t } = useTranslation()
	const wide = useWide()
	const format = useFormat()
	const now = useMinute()
	const from = firstShown(date, today)
	const calendar = useCalendar(doctor.id, from, addDays(from, shownDays - 1))
	const days = useDays(calendar.slots, from, doctor.timeZone, minutes, now)
	const live = calendar.state === 'live'
	const shown = days.find(day => day.date === date) ?? days[0]
	const isTaken = live && watched !== undefined && calendar.slots.get(watched)?.state !== 'free'
	useEffect(() => {
		if (isTaken) onTaken()
	}, [isTaken, onTaken])
	const nothingFree = live && days.every(day => day.startable.size === 0)

	return (
		<div className={classes.week}>
			<Navigation doctor={doctor} from={from} today={today} onDate={onDate} />
			<div role="status">
				{calendar.state === 'stale' && (
					<Alert color="yellow" variant="light" mb="sm" icon={<IconPlugConnectedX aria-hidden />} data-testid="not-live">
						<Text c="var(--mantine-color-text)">{t('booking.notLive')}</Text>
					</Alert>
				)}
				{nothingFree && <Text className={classes.none}>{t('booking.nothingFree')}</Text>}
			</div>
			{calendar.state === 'failed' && <ErrorMessage error={calendar.error} onRetry={reopen} />}
			{calendar.state === 'loading' && <WeekLoading />}
			{calendar.slots.size > 0 || live ? (
				wide ? (
					<div className={classes.columns}>
						{days.map(day => (
							<DayColumn key={day.date} day={day} doctor={doctor} live={live} onChoose={onChoose} />
						))}
					</div>
				) : (
					<>
						<fieldset className={classes.strip}>
							<VisuallyHidden component="legend">{t('booking.days')}</VisuallyHidden>
							{days.map(day => (
								<StripDay key={day.date} day={day} chosen={day === shown} onDate={onDate} />
							))}
						</fieldset>
						{shown && (
							<section aria-labelledby="day-name">
								<h3 id="day-name" className={classes.dayName}>
									{format.dateLong(shown.date)}
								</h3>
								<DaySlots day={shown} timeZone={doctor.timeZone} live={live} onChoose={onChoose} />
							</section>
						)}
					</>
				)
			) : null}
			<Presence viewers={calendar.viewers} />
		</div>
	)
}
