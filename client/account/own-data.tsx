import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PersonalData } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { savePersonalData } from '../shell/save-personal-data.ts'
import { EraseDialog } from './erase-dialog.tsx'

type Progress = { state: 'idle' | 'sending' | 'saved' } | { state: 'failed'; error: unknown }

/** What a patient may ask of a clinic that keeps data about them: to see all of it, and to be forgotten. */
export const OwnData = () => {
	const { t } = useTranslation()
	const [progress, setProgress] = useState<Progress>({ state: 'idle' })
	const [erasing, setErasing] = useState(false)

	const download = async () => {
		setProgress({ state: 'sending' })
		try {
			const personal = await request<PersonalData>('/me/export')
			savePersonalData(personal, 'my-data')
			setProgress({ state: 'saved' })
		} catch (error) {
			setProgress({ state: 'failed', error })
		}
	}

	return (
		<Stack gap="md" data-testid="own-data">
			<Title order={2} size="h4">
				{t('account.data.title')}
			</Title>
			<Text>{t('account.data.text')}</Text>
			{progress.state === 'failed' && <ErrorMessage error={progress.error} />}
			<div role="status">
				{progress.state === 'saved' && (
					<Alert color="teal" variant="light">
						<Text c="var(--mantine-color-text)">{t('account.data.downloaded')}</Text>
					</Alert>
				)}
			</div>
			<Group grow preventGrowOverflow={false} gap="sm">
				<Button size="md" variant="default" loading={progress.state === 'sending'} onClick={() => void download()}>
					{t('account.data.download')}
				</Button>
				<Button size="md" variant="outline" color="red" onClick={() => setErasing(true)}>
					{t('account.data.erase')}
				</Button>
			</Group>
			{erasing && <EraseDialog onClose={() => setErasing(false)} />}
		</Stack>
	)
}
