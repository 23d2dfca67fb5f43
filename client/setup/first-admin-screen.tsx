import { Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useSearchParams } from 'react-router'
import classes from '../account/account.module.css'
import { AccountCard } from '../account/account-card.tsx'
import { checks, PasswordField, TextField, useFields } from '../account/fields.tsx'
import { useSending } from '../account/use-sending.ts'
import { ApiError } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { ErrorMessage } from '../shell/messages.tsx'

/** Behind the link that a server without an admin prints. */
const FirstAdminScreen = () => {
	const { t } = useTranslation()
	const { openFirstAdmin } = useSession()
	const navigate = useNavigate()
	const [parameters] = useSearchParams()
	const token = parameters.get('token') ?? ''
	const fields = useFields({ fullName: '', email: '', password: '' }, values => ({
		fullName: checks.required(values.fullName),
		email: checks.email(values.email),
		password: checks.password(values.password),
	}))
	const send = async () => {
		const { fullName, email, password } = fields.values
		await openFirstAdmin({ token, fullName: fullName.trim(), email: email.trim(), password })
		void navigate('/admin/setup', { replace: true })
	}
	const sending = useSending(fields, send, { marks: true, failed: token ? undefined : new ApiError('token_expired') })
	const expired = sending.error instanceof ApiError && sending.error.code === 'token_expired'
	return (
		<AccountCard title={t('setup.firstAdmin.title')}>
			{sending.error !== undefined && <ErrorMessage error={sending.error} text={expired ? t('setup.firstAdmin.expired') : undefined} />}
			{expired ? (
				<Button component={Link} to="/sign-in" size="md">
					{t('account.signIn')}
				</Button>
			) : (
				<form {...sending.form} className={classes.form}>
					<Text>{t('setup.firstAdmin.text')}</Text>
					<TextField label={t('account.fullName')} autoComplete="name" {...fields.bind('fullName')} />
					<TextField label={t('account.email')} type="email" inputMode="email" autoComplete="email" {...fields.bind('email')} />
					<PasswordField
						label={t('account.password')}
						description={t('account.passwordHint')}
						{...fields.bind('password')}
						autoComplete="new-password"
					/>
					<Button type="submit" size="md" fullWidth loading={sending.isBusy}>
						{t('setup.firstAdmin.open')}
					</Button>
				</form>
			)}
		</AccountCard>
	)
}

export default FirstAdminScreen
