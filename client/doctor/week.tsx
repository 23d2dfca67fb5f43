import '@mantine/schedule/styles.css'
import { Text, Title, UnstyledButton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { WeekView } from '@mantine/schedule'
import { useTranslation } from 'react-i18next'
import type { Appointment } from '../../contract/index.ts'
import { addDays, dateIn, useFormat } from '../i18n/format.ts'
import { Empty } from '../shell/messages.tsx'
import classes from './day.module.css'
import { StatusBadge, statusColors } from './status.tsx'
import { wallTime } from './wall-time.ts'

type WeekProps = { appointments: Appointment[]; monday: string; timeZone: string; onPick: (date: string) => void }

const useDescribe = (timeZone: string) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	return (appointment: Appointment) =>
		`${format.dayAndTime(appointment.startsAt)}–${format.time(appointment.endsAt)}, ${appointment.patientName ?? t('doctor.day.somebody')}, ${t(`status.${appointment.status}`)}`
}

/** The week as a list of days, for small screens. */
const WeekList = ({ appointments, monday, timeZone, onPick }: WeekProps) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const describe = useDescribe(timeZone)
	if (appointments.length === 0) return <Empty title={t('doctor.week.empty')} />
	const dates = Array.from({ length: 7 }, (_, index) => addDays(monday, index))
	return (
		<div className={classes.week}>
			{dates.map(date => {
				const own = appointments.filter(({ startsAt }) => dateIn(startsAt, timeZone) === date)
				return (
					<section key={date} aria-labelledby={`day-${date}`}>
						<Title order={2} size="h5" id={`day-${date}`} mb={4}>
							{format.dateLong(date)}
						</Title>
						{own.length === 0 ? (
							<Text fz="sm">{t('doctor.week.nothing')}</Text>
						) : (
							<ul className={classes.list} style={{ gap: 0 }}>
								{own.map(appointment => (
									<li key={appointment.id}>
										<UnstyledButton className={classes.weekItem} aria-label={describe(appointment)} onClick={() => onPick(date)}>
											<Text span fw={650}>
												{format.time(appointment.startsAt)}
											</Text>
											<Text span flex={1} truncate>
												{appointment.patientName}
											</Text>
											<StatusBadge status={appointment.status} />
										</UnstyledButton>
									</li>
								))}
							</ul>
						)}
					</section>
				)
			})}
		</div>
	)
}

const clock = (hour: number) => `${String(hour).padStart(2, '0')}:00:00`

/** The hours that the week needs, with room at either end; at least a usual working day. */
const hoursOf = (appointments: Appointment[], timeZone: string) => {
	const starts = appointments.map(({ startsAt }) => Number(wallTime(startsAt, timeZone).slice(11, 13)))
	const ends = appointments.map(({ endsAt }) => Number(wallTime(Date.parse(endsAt) - 1, timeZone).slice(11, 13)) + 1)
	const last = Math.max(18, ...ends)
	return { startTime: clock(Math.min(8, ...starts)), endTime: last >= 24 ? '23:59:59' : clock(last) }
}

/** The week as a table of hours. A screen reader skips its empty cells, which mean nothing unseen. */
const WeekGrid = ({ appointments, monday, timeZone, onPick }: WeekProps) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const clocks = useFormat('UTC')
	const describe = useDescribe(timeZone)
	const byId = new Map(appointments.map(appointment => [appointment.id, appointment]))
	return (
		<section aria-label={t('doctor.week.label')}>
			<WeekView
				date={monday}
				mode="static"
				withHeader={false}
				withAllDaySlots={false}
				withWeekNumber={false}
				{...hoursOf(appointments, timeZone)}
				slotHeight={72}
				getCurrentTime={() => wallTime(Date.now(), timeZone)}
				slotLabelFormat={time => clocks.time(`${String(time).slice(0, 10)}T${String(time).slice(11, 19)}Z`)}
				weekdayFormat={date => format.dateWeekday(String(date).slice(0, 10))}
				getTimeSlotProps={() => ({ 'aria-hidden': true })}
				attributes={{ weekViewDayLabel: { 'aria-hidden': true }, weekViewSlotLabels: { 'aria-hidden': true } }}
				events={appointments.map(appointment => ({
					id: appointment.id,
					title: appointment.patientName ?? '',
					start: wallTime(appointment.startsAt, timeZone),
					end: wallTime(appointment.endsAt, timeZone),
					color: statusColors[appointment.status],
				}))}
				renderEvent={(
					event,
					{ mode: _mode, title: _title, mod: _mod, ...props }: Record<string, unknown> & { children?: React.ReactNode },
				) => {
					const appointment = byId.get(String(event.id))
					return (
						<UnstyledButton
							{...props}
							className={`${String(props.className)} ${classes.event}`}
							tabIndex={0}
							aria-label={appointment && describe(appointment)}
							onClick={() => appointment && onPick(dateIn(appointment.startsAt, timeZone))}
						/>
					)
				}}
				renderEventBody={event => {
					const appointment = byId.get(String(event.id))
					return appointment ? `${format.time(appointment.startsAt)} ${event.title}` : event.title
				}}
			/>
		</section>
	)
}

export const Week = ({ appointments, ...rest }: WeekProps) => {
	const wide = useMediaQuery('(min-width: 62em)', window.innerWidth >= 992)
	const kept = appointments.filter(({ status }) => status !== 'cancelled')
	return wide ? <WeekGrid appointments={kept} {...rest} /> : <WeekList appointments={kept} {...rest} />
}
