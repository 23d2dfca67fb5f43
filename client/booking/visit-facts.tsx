import { IconCalendarEvent, IconClock, IconMapPin, IconStethoscope } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat, viewerZone } from '../i18n/format.ts'
import classes from './booking.module.css'
import { isOtherZone } from './zones.ts'

const Fact = ({ icon, children }: { icon: ReactNode; children: ReactNode }) => (
	<li className={classes.fact}>
		{icon}
		<span>{children}</span>
	</li>
)

type Props = {
	startsAt: string
	endsAt?: string | undefined
	timeZone: string
	doctorName?: string | undefined
	typeText?: string | undefined
}

/** From when until when, with whom and what for; the time on both clocks where they differ. */
export const VisitFacts = ({ startsAt, endsAt, timeZone, doctorName, typeText }: Props) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const viewer = useFormat(viewerZone())
	const size = 18
	return (
		<ul className={classes.facts}>
			<Fact icon={<IconCalendarEvent size={size} aria-hidden />}>
				<strong>{format.day(startsAt)}</strong>
			</Fact>
			<Fact icon={<IconClock size={size} aria-hidden />}>
				<strong>{endsAt ? t('faces.from', { from: format.time(startsAt), until: format.time(endsAt) }) : format.time(startsAt)}</strong>
				{isOtherZone(timeZone) && ` · ${format.zone(timeZone)}`}
			</Fact>
			{isOtherZone(timeZone) && (
				<Fact icon={<IconMapPin size={size} aria-hidden />}>{t('booking.onYourClock', { time: viewer.dayAndTime(startsAt) })}</Fact>
			)}
			{(doctorName || typeText) && (
				<Fact icon={<IconStethoscope size={size} aria-hidden />}>
					{typeText && <bdi>{typeText}</bdi>}
					{typeText && doctorName && ' · '}
					{doctorName && <bdi>{doctorName}</bdi>}
				</Fact>
			)}
		</ul>
	)
}
