import { Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Screen } from '../shell/layout.tsx'
import { ApiKeys } from './api-keys.tsx'
import { EmbedOrigins } from './embed-origins.tsx'
import { Webhooks } from './webhooks.tsx'

/** How other programs reach this clinic: keys, webhooks, and the booking page on its own website. */
export default function DoorsScreen() {
	const { t } = useTranslation()
	return (
		<Screen title={t('doors.title')}>
			<Stack gap="xl">
				<ApiKeys />
				<Webhooks />
				<EmbedOrigins />
			</Stack>
		</Screen>
	)
}
