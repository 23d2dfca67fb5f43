import { Paper, Stack, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { InviteForm } from './invite-form.tsx'
import { People } from './people.tsx'

/** Who works at the desk. */
export const ReceptionSettings = () => {
	const { t } = useTranslation()
	return (
		<Stack>
			<Paper withBorder p="md">
				<Title order={2} size="h4" mb="sm">
					{t('setup.reception.add')}
				</Title>
				<InviteForm roles={['receptionist']} />
			</Paper>
			<People of="receptionist" />
		</Stack>
	)
}
