import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import classes from './account.module.css'
import { AccountCard } from './account-card.tsx'
import { ForgotForm } from './forgot-form.tsx'
import { useReturnTo } from './return-to.ts'

const ForgotScreen = () => {
	const { t } = useTranslation()
	const { state } = useReturnTo()
	return (
		<AccountCard title={t('account.forgotTitle')}>
			<ForgotForm />
			<Link to="/sign-in" state={state} className={classes.textLink}>
				{t('account.backToSignIn')}
			</Link>
		</AccountCard>
	)
}

export default ForgotScreen
