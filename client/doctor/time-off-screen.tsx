import { Anchor, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { useDoctor } from '../booking/queries.ts'
import { Dates } from '../shell/dates.tsx'
import { Screen } from '../shell/layout.tsx'
import { Loaded } from '../shell/loaded.tsx'
import { TimeOffSection } from './time-off.tsx'

/** The desk enters when a doctor is away; weekly hours are not the desk's to change. */
const TimeOffScreen = () => {
	const { t } = useTranslation()
	const { doctorId = '' } = useParams()
	const doctor = useDoctor(doctorId)
	return (
		<Screen title={t('doctor.off.of', { doctor: doctor.data?.fullName ?? '…' })}>
			<Dates>
				<Loaded query={doctor} outline={[80, 80]}>
					{({ id, timeZone }) => (
						<Stack gap="xl">
							<Anchor component={Link} to="/desk" underline="always">
								{t('doctor.off.backToDesk')}
							</Anchor>
							<TimeOffSection doctorId={id} timeZone={timeZone} />
						</Stack>
					)}
				</Loaded>
			</Dates>
		</Screen>
	)
}

export default TimeOffScreen
