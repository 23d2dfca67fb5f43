import { Alert, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link, Navigate } from 'react-router'
import { useSession } from '../api/session.tsx'
import { Loading } from '../shell/messages.tsx'
import classes from './account.module.css'
import { AccountCard } from './account-card.tsx'
import { ProviderButton } from './provider-button.tsx'
import { useReturnTo } from './return-to.ts'
import { SignInForm } from './sign-in-form.tsx'

const SignInScreen = () => {
	const { t } = useTranslation()
	const { user, failed } = useSession()
	const { state, pathFor } = useReturnTo()
	if (user === undefined && !failed) return <Loading />
	if (user) return <Navigate to={pathFor(user.role)} replace />
	return (
		<AccountCard title={t('account.signIn')}>
			{state.from && state.from !== '/' && (
				<Alert variant="light" role="status">
					<Text c="var(--mantine-color-text)">{t('account.signInToContinue')}</Text>
				</Alert>
			)}
			<SignInForm />
			<ProviderButton returnTo={state.from} />
			<div>
				<Link to="/forgot-password" state={state} className={classes.textLink}>
					{t('account.forgot')}
				</Link>
				<br />
				<Link to="/register" state={state} className={classes.textLink}>
					{`${t('account.noAccount')} ${t('account.register')}`}
				</Link>
			</div>
		</AccountCard>
	)
}

export default SignInScreen
