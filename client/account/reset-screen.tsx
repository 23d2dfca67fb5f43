import { Alert, Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { ApiError, request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { AccountCard } from './account-card.tsx'
import { checks, PasswordField, useFields } from './fields.tsx'
import { useSending } from './use-sending.ts'

const ResetScreen = () => {
	const { t } = useTranslation()
	const { user, signOut } = useSession()
	const [parameters] = useSearchParams()
	const token = parameters.get('token')
	const fields = useFields({ password: '', repeated: '' }, values => ({
		password: checks.password(values.password),
		repeated: values.repeated === values.password ? undefined : 'repeat',
	}))

	const send = async () => {
		await request('/auth/reset-password', { method: 'POST', body: { token, password: fields.values.password } })
		// The new password ends every session, this browser's too.
		if (user) await signOut()
	}
	const sending = useSending(fields, send, { stays: true, failed: token ? undefined : new ApiError('token_expired') })

	const expired = sending.error instanceof ApiError && sending.error.code === 'token_expired'
	return (
		<AccountCard title={t('account.resetTitle')}>
			{sending.error !== undefined && <ErrorMessage error={sending.error} />}
			{sending.state === 'sent' && (
				<>
					<Alert color="teal" variant="light" role="status">
						<Text c="var(--mantine-color-text)">{t('account.resetDone')}</Text>
					</Alert>
					<Button component={Link} to="/sign-in" size="md">
						{t('account.signIn')}
					</Button>
				</>
			)}
			{expired && (
				<Button component={Link} to="/forgot-password" size="md">
					{t('account.forgotSend')}
				</Button>
			)}
			{sending.state !== 'sent' && !expired && (
				<form {...sending.form} className={classes.form}>
					<PasswordField
						label={t('account.newPassword')}
						description={t('account.passwordHint')}
						{...fields.bind('password')}
						autoComplete="new-password"
					/>
					<PasswordField label={t('account.repeatPassword')} {...fields.bind('repeated')} autoComplete="new-password" />
					<Button type="submit" size="md" fullWidth loading={sending.isBusy}>
						{t('account.changePassword')}
					</Button>
				</form>
			)}
		</AccountCard>
	)
}

export default ResetScreen
