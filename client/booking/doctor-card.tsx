import { Button, Skeleton, Text } from '@mantine/core'
import { IconCalendar, IconClock } from '@tabler/icons-react'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Doctor, SlotOffer } from '../../contract/index.ts'
import { query } from '../api/http.ts'
import { dateIn, useFormat } from '../i18n/format.ts'
import { useSitesOf } from './about-doctor.tsx'
import { DoctorFace, useSpecialtyName } from './doctor-face.tsx'
import classes from './doctors.module.css'
import type { SheetState } from './use-sheet.ts'
import { isOtherZone } from './zones.ts'

/** A doctor's page; a visit that is being moved comes along. */
const pageOf = (doctorId: string, asked: { date?: string; slot?: string; move?: string | undefined }) =>
	`/doctors/${doctorId}${query(asked)}`

type Props = {
	doctor: Doctor
	/** Undefined while they are not known. */
	times: readonly SlotOffer[] | undefined
	failed: boolean
	/** The visit for which another time is looked for. */
	movingId?: string | undefined
	onRetry: () => unknown
}

const Times = ({ doctor, times, failed, movingId, onRetry }: Props) => {
	const { t } = useTranslation()
	const format = useFormat(doctor.timeZone)
	if (failed) {
		return (
			<div className={classes.notice}>
				<Text size="sm">{t('booking.timesFailed')}</Text>
				<Button size="compact-md" variant="subtle" onClick={() => void onRetry()}>
					{t('app.retry')}
				</Button>
			</div>
		)
	}
	if (!times) return <Skeleton height={44} radius="md" />
	if (times.length === 0) return <Text className={classes.dim}>{t('booking.noTimesSoon')}</Text>
	return (
		<ul className={classes.times} aria-label={t('booking.nextTimes')}>
			{times.map(slot => (
				<li key={slot.id}>
					<Link
						to={pageOf(doctor.id, { date: dateIn(slot.startsAt, doctor.timeZone), slot: slot.id, move: movingId })}
						state={{ slot } satisfies SheetState}
						className={classes.time}
						aria-label={t('booking.timeWith', { doctor: doctor.fullName, time: format.full(slot.startsAt) })}
					>
						<span className={classes.timeDay}>{format.shortDay(slot.startsAt)}</span>
						<span>{format.time(slot.startsAt)}</span>
					</Link>
				</li>
			))}
		</ul>
	)
}

export const DoctorCard = memo((props: Props) => {
	const { t } = useTranslation()
	const { doctor, movingId } = props
	const specialtyName = useSpecialtyName()
	const sites = useSitesOf(doctor)
	const format = useFormat(doctor.timeZone)
	return (
		<li className={classes.card}>
			<div className={classes.who}>
				<DoctorFace doctor={doctor} className={classes.avatar} />
				<div>
					<h2 className={classes.name}>
						<Link to={pageOf(doctor.id, { move: movingId })}>{doctor.fullName}</Link>
					</h2>
					<Text className={classes.dim}>{specialtyName(doctor)}</Text>
					{sites.length > 0 && (
						<Text size="sm" className={classes.dim}>
							<bdi>{sites.map(({ name }) => name).join(' · ')}</bdi>
						</Text>
					)}
					{isOtherZone(doctor.timeZone) && (
						<Text className={classes.zone} size="sm">
							<IconClock size={16} aria-hidden />
							{t('booking.timesIn', { zone: format.zone(doctor.timeZone) })}
						</Text>
					)}
				</div>
			</div>
			<div className={classes.offer}>
				<Times {...props} />
			</div>
			<Button
				component={Link}
				to={pageOf(doctor.id, { move: movingId })}
				variant="subtle"
				size="md"
				className={classes.all}
				leftSection={<IconCalendar size={18} aria-hidden />}
				aria-label={t('booking.allTimesOf', { doctor: doctor.fullName })}
			>
				{t('booking.allTimes')}
			</Button>
		</li>
	)
})

export const DoctorCardSkeleton = () => (
	<div className={classes.card} aria-hidden>
		<div className={classes.who}>
			<Skeleton height={52} width={52} circle />
			<div className={classes.grow}>
				<Skeleton height={18} width="55%" mb={8} />
				<Skeleton height={14} width="35%" />
			</div>
		</div>
		<Skeleton height={44} radius="md" className={classes.offer ?? ''} />
	</div>
)
