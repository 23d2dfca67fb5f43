import { Button } from '@mantine/core'
import {
	IconCalendarCheck,
	IconCalendarX,
	IconCircleCheck,
	IconDoorEnter,
	IconProgress,
	IconUserX,
	type TablerIcon,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Appointment, AppointmentStatus, AppointmentType, Doctor } from '../../contract/index.ts'
import { VisitPlace } from '../booking/about-doctor.tsx'
import { AddToCalendar } from '../booking/add-to-calendar.tsx'
import { useSpecialtyName, useTypeName } from '../booking/doctor-face.tsx'
import { TypeFacts } from '../booking/type-facts.tsx'
import { isOtherZone } from '../booking/zones.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import classes from './visits.module.css'

const icons: Record<AppointmentStatus, TablerIcon> = {
	booked: IconCalendarCheck,
	checked_in: IconDoorEnter,
	in_progress: IconProgress,
	completed: IconCircleCheck,
	no_show: IconUserX,
	cancelled: IconCalendarX,
}

const StatusBadge = ({ status }: { status: AppointmentStatus }) => {
	const { t } = useTranslation()
	const Icon = icons[status]
	return (
		<span className={classes.badge} data-status={status}>
			<Icon size={16} aria-hidden />
			{t(`status.${status}`)}
		</span>
	)
}

type Props = {
	visit: Appointment
	/** Undefined while not known: then the time is told on the viewer's clock. */
	doctor: Doctor | undefined
	type: AppointmentType | undefined
	/** Set where the visit can still be cancelled or moved. */
	onCancel: ((visit: Appointment) => void) | undefined
}

export const VisitCard = ({ visit, doctor, type, onCancel }: Props) => {
	const { t } = useTranslation()
	const zone = doctor?.timeZone ?? viewerZone()
	const format = useFormat(zone)
	const viewer = useFormat(viewerZone())
	const doctorName = doctor?.fullName ?? visit.doctorName ?? ''
	const when = format.full(visit.startsAt)
	const specialtyName = useSpecialtyName()
	const typeName = useTypeName()
	const named = (action: string) => `${t(action)}: ${doctorName}, ${format.dayAndTime(visit.startsAt)}`
	return (
		<li className={classes.card} data-testid="visit" data-appointment-id={visit.id} data-status={visit.status}>
			<div className={classes.top}>
				<h2 className={classes.when}>{when}</h2>
				<StatusBadge status={visit.status} />
			</div>
			{isOtherZone(zone) && (
				<p className={classes.dim}>{`${format.zone(zone)} · ${t('booking.onYourClock', { time: viewer.dayAndTime(visit.startsAt) })}`}</p>
			)}
			<p className={classes.with}>{[doctorName, doctor && specialtyName(doctor)].filter(Boolean).join(' · ')}</p>
			{type && (
				<p className={classes.dim}>
					{`${typeName(type)} · ${t('faces.from', { from: format.time(visit.startsAt), until: format.time(visit.endsAt) })}`}
				</p>
			)}
			{onCancel && doctor && <VisitPlace doctor={doctor} />}
			{onCancel && type && <TypeFacts type={type} withDescription={false} />}
			{visit.reason && <p className={classes.dim}>{visit.reason}</p>}
			{onCancel && (
				<div className={classes.actions}>
					<AddToCalendar appointmentId={visit.id} aria-label={named('booking.addToCalendar')} />
					{visit.status === 'booked' && (
						<>
							<Button
								component={Link}
								to={`/doctors/${visit.doctorId}?move=${visit.id}`}
								variant="light"
								size="md"
								aria-label={named('visits.move')}
							>
								{t('visits.move')}
							</Button>
							<Button
								variant="subtle"
								color="red"
								size="md"
								className={classes.cancel}
								aria-label={named('visits.cancel')}
								onClick={() => onCancel(visit)}
							>
								{t('visits.cancel')}
							</Button>
						</>
					)}
				</div>
			)}
		</li>
	)
}
