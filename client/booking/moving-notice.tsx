import { Alert, Button, Group, Text } from '@mantine/core'
import { IconArrowsExchange } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Appointment } from '../../contract/index.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import { useDoctor } from './queries.ts'

/** When and with whom a visit is so far, on the clock of the doctor whom it is with: it may move to one in another zone. */
export const useMovingFrom = (moving: Appointment | undefined): string => {
	const { t } = useTranslation()
	const doctor = useDoctor(moving?.doctorId).data
	const format = useFormat(doctor?.timeZone ?? viewerZone())
	if (!moving) return ''
	const time = format.dayAndTime(moving.startsAt)
	const name = doctor?.fullName ?? moving.doctorName
	return t('booking.movingFrom', { time: name ? t('booking.timeWith', { time, doctor: name }) : time })
}

type Props = {
	moving: Appointment
	/** Whether the way to the other doctors is offered. */
	withOthers?: boolean
}

/** Stays in sight while a new time is looked for. */
export const MovingNotice = ({ moving, withOthers = false }: Props) => {
	const { t } = useTranslation()
	const from = useMovingFrom(moving)
	return (
		<Alert variant="light" icon={<IconArrowsExchange aria-hidden />} title={t('booking.moveNotice')}>
			<Text c="var(--mantine-color-text)">{from}</Text>
			<Group gap="xs" mt="xs">
				<Button component={Link} to="/visits" variant="default" size="sm" mih={44}>
					{t('booking.keepAsIs')}
				</Button>
				{withOthers && (
					<Button component={Link} to={`/?move=${encodeURIComponent(moving.id)}`} variant="default" size="sm" mih={44}>
						{t('booking.otherDoctor')}
					</Button>
				)}
			</Group>
		</Alert>
	)
}
