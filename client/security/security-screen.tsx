import { Paper, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import accountClasses from '../account/account.module.css'
import { Screen } from '../shell/layout.tsx'
import { SecondFactorSettings } from './second-factor-settings.tsx'
import { Sessions } from './sessions.tsx'

const SecurityScreen = () => {
	const { t } = useTranslation()
	return (
		<div className={accountClasses.wide} style={{ marginInline: 'auto' }}>
			<Screen title={t('account.security')}>
				<Stack gap="lg">
					<Paper withBorder p="lg" radius="lg">
						<SecondFactorSettings />
					</Paper>
					<Paper withBorder p="lg" radius="lg">
						<Sessions />
					</Paper>
					<Link to="/account" className={accountClasses.textLink}>
						{t('account.title')}
					</Link>
				</Stack>
			</Screen>
		</div>
	)
}

export default SecurityScreen
