import { Button, Group, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Appointment } from '../../contract/index.ts'
import { ApiError, errorProperties, serverNow } from '../api/http.ts'
import { Screen } from '../shell/layout.tsx'

/** The server does not tell a foreign appointment from none. A link may also carry what is no id at all. */
export const isUnknown = (error: unknown): boolean =>
	errorProperties(error).final === true || (error instanceof ApiError && error.code === 'invalid_input')

/** The server has the last word, as the clinic may set a latest time before the start. */
export const isMovable = ({ status, startsAt }: Appointment): boolean => status === 'booked' && Date.parse(startsAt) > serverNow()

/** Where a link to move a visit leads when there is nothing to be moved. */
export const CannotMove = ({ why }: { why: 'unknown' | 'over' }) => {
	const { t } = useTranslation()
	return (
		<Screen title={t(`visits.cannotMove.${why}`)}>
			<Text mb="md">{t(`visits.cannotMove.${why}Text`)}</Text>
			<Group gap="sm">
				<Button component={Link} to="/visits" size="md">
					{t('nav.visits')}
				</Button>
				<Button component={Link} to="/" variant="default" size="md">
					{t('nav.find')}
				</Button>
			</Group>
		</Screen>
	)
}
