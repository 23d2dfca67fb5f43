import { Alert, Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { checks, TextField, useFields } from './fields.tsx'
import { useSending } from './use-sending.ts'

/** Asks for a link to set a new password. */
export function ForgotForm() {
	const { t } = useTranslation()
	const fields = useFields({ email: '' }, values => ({ email: checks.email(values.email) }))
	const sending = useSending(
		fields,
		() => request('/auth/forgot-password', { method: 'POST', body: { email: fields.values.email.trim() } }),
		{ stays: true },
	)
	if (sending.state === 'sent') {
		return (
			<Alert color="teal" variant="light" role="status">
				<Text c="var(--mantine-color-text)">{t('account.forgotSent')}</Text>
			</Alert>
		)
	}
	return (
		<form {...sending.form} className={classes.form}>
			<Text>{t('account.forgotText')}</Text>
			{sending.error !== undefined && <ErrorMessage error={sending.error} />}
			<TextField label={t('account.email')} type="email" autoComplete="email" inputMode="email" {...fields.bind('email')} />
			<Button type="submit" size="md" fullWidth loading={sending.isBusy}>
				{t('account.forgotSend')}
			</Button>
		</form>
	)
}
