import { Alert, Button, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { ApiError, request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { AccountCard } from './account-card.tsx'
import { checks, PasswordField, useFields } from './fields.tsx'

const ResetScreen = () => {
	const { t } = useTranslation()
	const { user, signOut } = useSession()
	const [parameters] = useSearchParams()
	const token = parameters.get('token')
	const [progress, setProgress] = useState<{ state: 'asking' | 'sending' | 'done' } | { state: 'failed'; error: unknown }>(
		token ? { state: 'asking' } : { state: 'failed', error: new ApiError('token_expired') },
	)
	const fields = useFields({ password: '', repeated: '' }, values => ({
		password: checks.password(values.password),
		repeated: values.repeated === values.password ? undefined : 'repeat',
	}))

	const send = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setProgress({ state: 'sending' })
		try {
			await request('/auth/reset-password', { method: 'POST', body: { token, password: fields.values.password } })
			// The new password ends every session, this browser's too.
			if (user) await signOut()
			setProgress({ state: 'done' })
		} catch (error) {
			setProgress({ state: 'failed', error })
		}
	}

	const expired = progress.state === 'failed' && progress.error instanceof ApiError && progress.error.code === 'token_expired'
	return (
		<AccountCard title={t('account.resetTitle')}>
			{progress.state === 'failed' && <ErrorMessage error={progress.error} />}
			{progress.state === 'done' && (
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
			{progress.state !== 'done' && !expired && (
				<form onSubmit={send} noValidate className={classes.form}>
					<PasswordField
						label={t('account.newPassword')}
						description={t('account.passwordHint')}
						{...fields.bind('password')}
						autoComplete="new-password"
					/>
					<PasswordField label={t('account.repeatPassword')} {...fields.bind('repeated')} autoComplete="new-password" />
					<Button type="submit" size="md" fullWidth loading={progress.state === 'sending'}>
						{t('account.changePassword')}
					</Button>
				</form>
			)}
		</AccountCard>
	)
}

export default ResetScreen
