import { ActionIcon, Button, Group, SegmentedControl, Stack, Text, useDirection, VisuallyHidden } from '@mantine/core'
import { DatePickerInput } from '@mantine/dates'
import { useInterval } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { IconCalendar, IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { Suspense, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { AppointmentChanged } from '../../contract/index.ts'
import { useSession } from '../api/session.tsx'
import { addDays, dateIn, mondayOf, useFormat } from '../i18n/format.ts'
import { Dates, usePicker } from '../shell/dates.tsx'
import { fetched } from '../shell/fetched.tsx'
import { Screen } from '../shell/layout.tsx'
import { Loaded } from '../shell/loaded.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import { Changes } from './changes.tsx'
import { DayList } from './day-list.tsx'
import { useDoctor } from './use-doctor.ts'
import { useWeek } from './use-week.ts'

const Week = fetched(async () => ({ default: (await import('./week.tsx')).Week }))

type View = 'day' | 'week'

const useChosen = (today: string) => {
	const [params, setParams] = useSearchParams()
	const date = /^\d{4}-\d{2}-\d{2}$/.test(params.get('date') ?? '') ? (params.get('date') as string) : today
	const view: View = params.get('view') === 'week' ? 'week' : 'day'
	const choose = (next: { date?: string; view?: View }) => {
		const chosen = { date, view, ...next }
		setParams({ ...(chosen.date !== today && { date: chosen.date }), ...(chosen.view === 'week' && { view: 'week' }) }, { replace: true })
	}
	return { date, view, choose }
}

const Steps = ({ date, view, today, choose }: ReturnType<typeof useChosen> & { today: string }) => {
	const { t } = useTranslation()
	const { dir } = useDirection()
	const picker = usePicker()
	const format = useFormat()
	const [Back, On] = dir === 'rtl' ? [IconChevronRight, IconChevronLeft] : [IconChevronLeft, IconChevronRight]
	const days = view === 'week' ? 7 : 1
	const shown =
		view === 'week' ? `${format.dateDay(mondayOf(date))} – ${format.dateDay(addDays(mondayOf(date), 6))}` : format.dateLong(date)
	return (
		<Group gap="xs" wrap="wrap">
			<ActionIcon
				variant="default"
				size={36}
				aria-label={t(view === 'week' ? 'doctor.day.previousWeek' : 'doctor.day.previous')}
				onClick={() => choose({ date: addDays(date, -days) })}
			>
				<Back size={20} aria-hidden />
			</ActionIcon>
			<DatePickerInput
				aria-label={`${t('doctor.day.pick')}: ${shown}`}
				leftSection={<IconCalendar size={18} aria-hidden />}
				leftSectionPointerEvents="none"
				value={date}
				onChange={value => value && choose({ date: value })}
				valueFormatter={() => shown}
				{...picker}
				miw={230}
			/>
			<ActionIcon
				variant="default"
				size={36}
				aria-label={t(view === 'week' ? 'doctor.day.nextWeek' : 'doctor.day.next')}
				onClick={() => choose({ date: addDays(date, days) })}
			>
				<On size={20} aria-hidden />
			</ActionIcon>
			<Button variant="default" disabled={date === today} onClick={() => choose({ date: today })}>
				{t('doctor.day.today')}
			</Button>
		</Group>
	)
}

const ownDoingMs = 15_000

/** Tells of appointments that others made, moved or cancelled: shown for a moment, and read out when there is a pause. */
const useNotices = (timeZone: string) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const [spoken, setSpoken] = useState('')
	const own = useRef(new Map<string, number>())
	const tell = ({ appointment, change }: AppointmentChanged) => {
		if (change === 'status' || Date.now() - (own.current.get(appointment.id) ?? 0) < ownDoingMs) return
		const text = t(`doctor.notice.${change}`, {
			patient: appointment.patientName ?? t('doctor.day.somebody'),
			when: format.dayAndTime(appointment.startsAt),
		})
		setSpoken(text)
		notifications.show({
			id: `appointment-${appointment.id}-${appointment.sequence}`,
			message: text,
			// Said by the region above already; `status` keeps it polite.
			role: 'status',
			'aria-live': 'off',
			autoClose: 8000,
			closeButtonProps: { 'aria-label': t('app.close') },
		})
	}
	return { spoken, tell, expect: (id: string) => void own.current.set(id, Date.now()) }
}

const Day = ({ doctorId, timeZone }: { doctorId: string; timeZone: string }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const [now, setNow] = useState(Date.now)
	useInterval(() => setNow(Date.now()), 30_000, { autoInvoke: true })
	const today = dateIn(now, timeZone)
	const chosen = useChosen(today)
	const { date, view, choose } = chosen
	const { spoken, tell, expect } = useNotices(timeZone)
	const monday = mondayOf(date)
	const { appointments, error, retry, calendar, learn } = useWeek(doctorId, timeZone, monday, tell)
	const ofDay = appointments?.filter(({ startsAt }) => dateIn(startsAt, timeZone) === date)
	const shown = view === 'week' ? appointments : ofDay
	const slots = [...calendar.slots.values()].filter(
		({ startsAt }) => Date.parse(startsAt) > now && (view === 'week' || dateIn(startsAt, timeZone) === date),
	)
	const count = (state: string) => slots.filter(slot => slot.state === state).length
	return (
		<Stack gap="md">
			<Group justify="space-between" gap="sm">
				<Steps {...chosen} today={today} />
				<SegmentedControl
					aria-label={t('doctor.day.view')}
					value={view}
					onChange={value => choose({ view: value as View })}
					data={[
						{ value: 'day', label: t('doctor.day.asDay') },
						{ value: 'week', label: t('doctor.day.asWeek') },
					]}
				/>
			</Group>
			<Group gap="lg" style={{ rowGap: 4 }}>
				<Text fz="sm">{t('doctor.day.zone', { zone: format.zone(timeZone) })}</Text>
				{shown && (
					<Text fz="sm" data-testid="day-summary">
						{t('doctor.day.summary', { appointments: format.number(shown.filter(({ status }) => status !== 'cancelled').length) })}
						{calendar.state === 'live' &&
							` · ${t('doctor.day.slots', { free: format.number(count('free')), held: format.number(count('held')) })}`}
					</Text>
				)}
			</Group>
			<Changes doctorId={doctorId} timeZone={timeZone} />
			<VisuallyHidden role="status" aria-live="polite">
				{spoken}
			</VisuallyHidden>
			{error && !appointments ? (
				<ErrorMessage error={error} onRetry={retry} />
			) : !appointments || !ofDay ? (
				<Skeletons heights={[82, 82, 82, 82]} />
			) : view === 'day' ? (
				<section aria-label={format.dateLong(date)}>
					<VisuallyHidden>
						<h2>{format.dateLong(date)}</h2>
					</VisuallyHidden>
					<DayList appointments={ofDay} timeZone={timeZone} now={now} onAsk={expect} onChanged={learn} />
				</section>
			) : (
				<Suspense fallback={<Skeletons heights={[82, 82, 82, 82]} />}>
					<Week appointments={appointments} monday={monday} timeZone={timeZone} onPick={day => choose({ date: day, view: 'day' })} />
				</Suspense>
			)}
		</Stack>
	)
}

const DayScreen = () => {
	const { t } = useTranslation()
	const { user } = useSession()
	const [params] = useSearchParams()
	const doctorId = user?.id ?? ''
	const doctor = useDoctor(doctorId)
	return (
		<Screen title={t('nav.day')} wide={params.get('view') === 'week'}>
			<Dates>
				<Loaded query={doctor} outline={[82, 82, 82, 82]}>
					{({ timeZone }) => <Day doctorId={doctorId} timeZone={timeZone} />}
				</Loaded>
			</Dates>
		</Screen>
	)
}

export default DayScreen
