import { Anchor, Divider, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import type { Schedule } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { useDoctor } from '../booking/queries.ts'
import { TimeOffSection } from '../doctor/time-off.tsx'
import { Dates } from '../shell/dates.tsx'
import { Screen } from '../shell/layout.tsx'
import { Loaded } from '../shell/loaded.tsx'
import { PlansSection } from './plans.tsx'
import { YearSection } from './year.tsx'

/** Weekly hours, the year, and time off: of the doctor who is signed in, unless the address names another. */
const HoursScreen = () => {
	const { t } = useTranslation()
	const { user } = useSession()
	const { doctorId } = useParams()
	const doctor = useDoctor(doctorId).data?.fullName ?? '…'
	const id = doctorId ?? user?.id ?? ''
	const schedule = useQuery({
		queryKey: ['schedule', id],
		queryFn: ({ signal }) => request<Schedule>(`/doctors/${encodeURIComponent(id)}/schedule`, { signal }),
		staleTime: 60_000,
	})
	return (
		<Screen title={doctorId ? t('doctor.hours.of', { doctor }) : t('nav.hours')}>
			<Dates>
				<Loaded query={schedule} outline={[120, 380, 80]}>
					{({ timeZone }) => (
						<Stack gap="xl" key={id}>
							{doctorId && (
								<Anchor component={Link} to="/admin/users" underline="always">
									{t('doctor.hours.backToUsers')}
								</Anchor>
							)}
							<Text>{doctorId ? t('doctor.hours.introOf', { doctor }) : t('doctor.hours.intro')}</Text>
							<PlansSection doctorId={id} timeZone={timeZone} />
							<Divider />
							<YearSection doctorId={id} timeZone={timeZone} />
							<Divider />
							<TimeOffSection doctorId={id} timeZone={timeZone} />
						</Stack>
					)}
				</Loaded>
			</Dates>
		</Screen>
	)
}

export default HoursScreen
