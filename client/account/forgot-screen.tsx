import { Alert, Button, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { AccountCard } from './account-card.tsx'
import { checks, TextField, useFields } from './fields.tsx'
import { useReturnTo } from './return-to.ts'

const ForgotScreen = () => {
	const { t } = useTranslation()
	const { state } = useReturnTo()
	const [progress, setProgress] = useState<{ state: 'asking' | 'sending' | 'sent' } | { state: 'failed'; error: unknown }>({
		state: 'asking',
	})
	const fields = useFields({ email: '' }, values => ({ email: checks.email(values.email) }))

	const send = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setProgress({ state: 'sending' })
		try {
			await request('/auth/forgot-password', { method: 'POST', body: { email: fields.values.email.trim() } })
			setProgress({ state: 'sent' })
		} catch (error) {
			setProgress({ state: 'failed', error })
		}
	}

	return (
		<AccountCard title={t('account.forgotTitle')}>
			{progress.state === 'sent' ? (
				<Alert color="teal" variant="light" role="status">
					<Text c="var(--mantine-color-text)">{t('account.forgotSent')}</Text>
				</Alert>
			) : (
				<form onSubmit={send} noValidate className={classes.form}>
					<Text>{t('account.forgotText')}</Text>
					{progress.state === 'failed' && <ErrorMessage error={progress.error} />}
					<TextField label={t('account.email')} type="email" autoComplete="email" inputMode="email" {...fields.bind('email')} />
					<Button type="submit" size="md" fullWidth loading={progress.state === 'sending'}>
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
