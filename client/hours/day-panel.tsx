import { Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Site } from '../../contract/index.ts'
import { addDays, useFormat } from '../i18n/format.ts'
import { Decision, type HoursChange } from './decision.tsx'
import classes from './hours.module.css'
import { Saved } from './plans.tsx'
import { RangeFields } from './range-fields.tsx'
import { faultsIn, toOpenRange, toRanges } from './weekly-hours.ts'
import type { YearDay } from './year-days.ts'

type Props = {
	day: YearDay
	/** What is in force, in words. */
	description: string
	doctorId: string
	timeZone: string
	sites: Site[]
	today: string
	onClose: () => void
}

type Doing = { do: 'nothing' } | { do: 'edit' } | { do: 'decide'; change: HoursChange } | { do: 'saved'; conflicts: string[] }

/** The farthest day that the server takes hours for. */
const maxDaysAhead = 730

/** A single day: what is in force on it, and hours of its own, a day off, or the way back to the weekly hours. */
export const DayPanel = ({ day, description, doctorId, timeZone, sites, today, onClose }: Props) => {
	const { t } = useTranslation()
	const format = useFormat()
	const [doing, setDoing] = useState<Doing>({ do: 'nothing' })
	const path = `/hours/${day.date}`
	const isOpenToChange = day.date >= today && day.date <= addDays(today, maxDaysAhead)
	const decide = (change: HoursChange) => setDoing({ do: 'decide', change })
	const stop = () => setDoing({ do: 'nothing' })
	const takeOff = () =>
		decide({
			preview: { path: `${path}/preview`, body: { ranges: [] } },
			save: { method: 'PUT', path, body: { ranges: [] } },
			action: t('hours.day.offNow'),
			takesAway: true,
		})
	const giveBack = () =>
		decide({
			preview: { path: `${path}/preview`, body: { ranges: null } },
			save: { method: 'DELETE', path },
			action: t('hours.day.weeklyNow'),
		})
	return (
		<Modal
			opened
			onClose={onClose}
			size="lg"
			title={`${format.dateLong(day.date)} ${day.date.slice(0, 4)}`}
			closeButtonProps={{ 'aria-label': t('app.close') }}
		>
			<Stack data-testid="day-panel">
				<Text fw={600} className={classes.sentence}>
					{description}
				</Text>
				<Reasons day={day} timeZone={timeZone} />
				{!isOpenToChange && <Text>{t('hours.day.fixed')}</Text>}
				{doing.do === 'saved' && <Saved conflicts={doing.conflicts} timeZone={timeZone} />}
				{isOpenToChange && (doing.do === 'nothing' || doing.do === 'saved') && (
					<Group>
						<Button onClick={() => setDoing({ do: 'edit' })}>{t('hours.day.different')}</Button>
						{!(day.isDated && day.state === 'off') && (
							<Button variant="default" onClick={takeOff}>
								{t('hours.day.off')}
							</Button>
						)}
						{day.isDated && (
							<Button variant="default" onClick={giveBack}>
								{t('hours.day.weekly')}
							</Button>
						)}
					</Group>
				)}
				{doing.do === 'edit' && <DayForm day={day} sites={sites} onAsk={decide} onCancel={stop} />}
				{doing.do === 'decide' && (
					<Decision
						doctorId={doctorId}
						timeZone={timeZone}
						change={doing.change}
						onSaved={conflicts => setDoing({ do: 'saved', conflicts })}
						onCancel={stop}
					/>
				)}
			</Stack>
		</Modal>
	)
}

/** Closures and time off of the day, by name. */
const Reasons = ({ day: { closures, timeOff, plan }, timeZone }: { day: YearDay; timeZone: string }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	if (closures.length + timeOff.length === 0 && plan) return null
	return (
		<List size="sm">
			{!plan && <List.Item>{t('hours.day.noPlan')}</List.Item>}
			{closures.map(({ id, name, from, to }) => (
				<List.Item key={id}>
					{name}: {from === to ? format.dateFull(from) : `${format.dateFull(from)} – ${format.dateFull(to)}`}
				</List.Item>
			))}
			{timeOff.map(({ id, startsAt, endsAt, reason }) => (
				<List.Item key={id}>
					{reason ?? t('hours.year.state.away')}: {format.dayAndTime(startsAt)} – {format.dayAndTime(endsAt)}
				</List.Item>
			))}
		</List>
	)
}

type FormProps = { day: YearDay; sites: Site[]; onAsk: (change: HoursChange) => void; onCancel: () => void }

const DayForm = ({ day, sites, onAsk, onCancel }: FormProps) => {
	const { t } = useTranslation()
	const format = useFormat()
	const open = sites.filter(({ archived }) => !archived)
	const siteId = open.some(({ id }) => id === day.plan?.siteId) ? day.plan?.siteId : open[0]?.id
	const [ranges, setRanges] = useState(() => toRanges(day.hours.map(range => ({ ...range, siteId: range.siteId ?? siteId }))))
	const [checked, setChecked] = useState(false)
	const faults = faultsIn(ranges, day.plan?.slotMinutes ?? '')
	const ask = () => {
		setChecked(true)
		if (Object.keys(faults).length > 0) return
		// Hours at the plan's site stay with the plan, whose zone an older client may have chosen.
		const body = {
			ranges: ranges
				.map(toOpenRange)
				.map(({ siteId, ...range }) => ({ ...range, ...(siteId && siteId !== day.plan?.siteId && { siteId }) })),
		}
		const path = `/hours/${day.date}`
		onAsk({ preview: { path: `${path}/preview`, body }, save: { method: 'PUT', path, body }, action: t('hours.day.save') })
	}
	return (
		<Stack>
			<RangeFields
				day={format.dateLong(day.date)}
				ranges={ranges}
				faults={checked ? faults : undefined}
				onChange={setRanges}
				sites={open}
			/>
			{ranges.length === 0 && <Text role="status">{t('hours.day.emptyIsOff')}</Text>}
			<Group>
				<Button size="md" onClick={ask}>
					{t('doctor.hours.preview')}
				</Button>
				<Button size="md" variant="default" onClick={onCancel}>
					{t('hours.back')}
				</Button>
			</Group>
		</Stack>
	)
}
