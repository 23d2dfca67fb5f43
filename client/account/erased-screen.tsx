import { Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { AccountCard } from './account-card.tsx'

/** The last screen for a patient after the erasure. */
const ErasedScreen = () => {
	const { t } = useTranslation()
	return (
		<AccountCard title={t('account.data.erased')}>
			<Text role="status">{t('account.data.erasedText')}</Text>
			<Button component={Link} to="/" size="md" variant="default">
				{t('app.toStart')}
			</Button>
		</AccountCard>
	)
}

export default ErasedScreen
