import { Alert, Anchor, Button, Group, List, Stack, Text } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'

/** The last step: the way to the calendar, and how the visit is taken back. */
export const TestBooking = ({ done }: { done: boolean }) => {
	const { t } = useTranslation()
	return (
		<Stack>
			{done && (
				<Alert color="green" variant="light" icon={<IconCircleCheck aria-hidden />} role="status">
					<Text c="var(--mantine-color-text)">{t('setup.booking.done')}</Text>
				</Alert>
			)}
			<List type="ordered" spacing="xs">
				<List.Item>
					{t('setup.booking.asPatient')}{' '}
					<Anchor href="/" target="_blank" rel="noreferrer" underline="always" dir="ltr">
						{window.location.origin}
					</Anchor>
				</List.Item>
				<List.Item>{t('setup.booking.atDesk')}</List.Item>
				<List.Item>{t('setup.booking.cancel')}</List.Item>
			</List>
			<Group>
				<Button size="md" component={Link} to="/desk">
					{t('setup.booking.openDesk')}
				</Button>
				<Button size="md" variant="default" component={Link} to="/">
					{t('setup.booking.openPage')}
				</Button>
			</Group>
		</Stack>
	)
}
