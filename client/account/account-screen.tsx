import { Alert, Button, Paper, Stack, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { User } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { Screen } from '../shell/layout.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { checks, PasswordField, TextField, useFields } from './fields.tsx'
import { NoticeSettings } from './notice-settings.tsx'
import { OwnData } from './own-data.tsx'
import { useSending } from './use-sending.ts'

const Outcome = ({ sending: { state, error } }: { sending: ReturnType<typeof useSending> }) => (
	<>
		<div role="status">{state === 'sent' && <Saved />}</div>
		{error !== undefined && <ErrorMessage error={error} />}
	</>
)

const Saved = () => {
	const { t } = useTranslation()
	return (
		<Alert color="teal" variant="light">
			<Text c="var(--mantine-color-text)">{t('account.saved')}</Text>
		</Alert>
	)
}

const Details = ({ user }: { user: User }) => {
	const { t } = useTranslation()
	const { setUser } = useSession()
	const fields = useFields({ fullName: user.fullName, phone: user.phone ?? '' }, values => ({
		fullName: checks.required(values.fullName),
		phone: checks.phone(values.phone),
	}))

	const save = async () => {
		const { fullName, phone } = fields.values
		setUser(await request<User>('/me', { method: 'PATCH', body: { fullName: fullName.trim(), phone: phone.trim() || null } }))
	}
	const sending = useSending(fields, save, { stays: true, marks: true })

	return (
		<form {...sending.form} className={classes.form}>
			<Title order={2} size="h4">
				{t('account.details')}
			</Title>
			<Outcome sending={sending} />
			<TextField
				label={t('account.email')}
				value={user.email}
				readOnly
				variant="filled"
				autoComplete="email"
				description={t('account.emailHint')}
			/>
			<TextField label={t('account.fullName')} autoComplete="name" {...fields.bind('fullName')} />
			<TextField label={`${t('account.phone')} (${t('account.optional')})`} type="tel" autoComplete="tel" {...fields.bind('phone')} />
			<Button type="submit" size="md" loading={sending.isBusy}>
				{t('app.save')}
			</Button>
		</form>
	)
}

const PasswordChange = () => {
	const { t } = useTranslation()
	const { setUser } = useSession()
	const fields = useFields({ currentPassword: '', password: '' }, values => ({
		currentPassword: checks.required(values.currentPassword),
		password: checks.password(values.password),
	}))

	const save = async () => {
		setUser(await request<User>('/me', { method: 'PATCH', body: fields.values }))
		fields.clear()
	}
	const sending = useSending(fields, save, { stays: true, marks: true })

	return (
		<form {...sending.form} className={classes.form}>
			<Title order={2} size="h4">
				{t('account.changePassword')}
			</Title>
			<Outcome sending={sending} />
			<PasswordField label={t('account.currentPassword')} {...fields.bind('currentPassword')} />
			<PasswordField
				label={t('account.newPassword')}
				description={t('account.passwordHint')}
				{...fields.bind('password')}
				autoComplete="new-password"
			/>
			<Button type="submit" size="md" variant="default" loading={sending.isBusy}>
				{t('account.changePassword')}
			</Button>
		</form>
	)
}

const AccountScreen = () => {
	const { t } = useTranslation()
	const { user } = useSession()
	if (!user) return null
	return (
		<div className={classes.wide} style={{ marginInline: 'auto' }}>
			<Screen title={t('account.title')}>
				<Stack gap="lg">
					<Paper withBorder p="lg" radius="lg">
						<Details user={user} />
					</Paper>
					{/* Others are told nothing about visits but on their screens. */}
					{user.role === 'patient' && (
						<Paper withBorder p="lg" radius="lg">
							<NoticeSettings />
						</Paper>
					)}
					<Paper withBorder p="lg" radius="lg">
						<PasswordChange />
					</Paper>
					<Paper withBorder p="lg" radius="lg">
						<Title order={2} size="h4">
							{t('account.security')}
						</Title>
						<Text mt="xs" mb="md">
							{t('account.securityText')}
						</Text>
						<Button component={Link} to="/account/security" size="md" variant="default">
							{t('account.toSecurity')}
						</Button>
					</Paper>
					{user.role === 'patient' && (
						<Paper withBorder p="lg" radius="lg">
							<OwnData />
						</Paper>
					)}
				</Stack>
			</Screen>
		</div>
	)
}

export default AccountScreen
