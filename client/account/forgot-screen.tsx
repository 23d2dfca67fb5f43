import { Alert, Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { AccountCard } from './account-card.tsx'
import { checks, TextField, useFields } from './fields.tsx'
import { useReturnTo } from './return-to.ts'
import { useSending } from './use-sending.ts'

const ForgotScreen = () => {
	const { t } = useTranslation()
	const { state } = useReturnTo()
	const fields = useFields({ email: '' }, values => ({ email: checks.email(values.email) }))

	const sending = useSending(
		fields,
		() => request('/auth/forgot-password', { method: 'POST', body: { email: fields.values.email.trim() } }),
		{ stays: true },
	)

	return (
		<AccountCard title={t('account.forgotTitle')}>
			{sending.state === 'sent' ? (
				<Alert color="teal" variant="light" role="status">
					<Text c="var(--mantine-color-text)">{t('account.forgotSent')}</Text>
				</Alert>
			) : (
				<form {...sending.form} className={classes.form}>
					<Text>{t('account.forgotText')}</Text>
					{sending.error !== undefined && <ErrorMessage error={sending.error} />}
					<TextField label={t('account.email')} type="email" autoComplete="email" inputMode="email" {...fields.bind('email')} />
					<Button type="submit" size="md" fullWidth loading={sending.isBusy}>
						{t('account.forgotSend')}
					</Button>
				</form>
			)}
			<Link to="/sign-in" state={state} className={classes.textLink}>
				{t('account.backToSignIn')}
			</Link>
		</AccountCard>
	)
}

export default ForgotScreen
