import { useTranslation } from 'react-i18next'
import { Link, Navigate } from 'react-router'
import { useSession } from '../api/session.tsx'
import { Loading } from '../shell/messages.tsx'
import classes from './account.module.css'
import { AccountCard } from './account-card.tsx'
import { RegisterForm } from './register-form.tsx'
import { useReturnTo } from './return-to.ts'

const RegisterScreen = () => {
	const { t } = useTranslation()
	const { user, failed } = useSession()
	const { state, pathFor } = useReturnTo()
	if (user === undefined && !failed) return <Loading />
	// A doctor who waits for approval is told so on the account page.
	if (user) return <Navigate to={user.status === 'pending' ? '/account' : pathFor(user.role)} replace />
	return (
		<AccountCard title={t('account.register')}>
			<RegisterForm withDoctors />
			<Link to="/sign-in" state={state} className={classes.textLink}>
				{`${t('account.haveAccount')} ${t('account.signIn')}`}
			</Link>
		</AccountCard>
	)
}

export default RegisterScreen
