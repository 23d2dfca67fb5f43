import { Alert, Button, Paper, Stack, Text, Title } from '@mantine/core'
import { type FormEvent, useState } from 'react'
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

type Progress = { state: 'idle' | 'sending' | 'saved' } | { state: 'failed'; error: unknown }

const Outcome = ({ progress }: { progress: Progress }) => (
	<>
		<div role="status">{progress.state === 'saved' && <Saved />}</div>
		{progress.state === 'failed' && <ErrorMessage error={progress.error} />}
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
	const [progress, setProgress] = useState<Progress>({ state: 'idle' })
	const fields = useFields({ fullName: user.fullName, phone: user.phone ?? '' }, values => ({
		fullName: checks.required(values.fullName),
		phone: checks.phone(values.phone),
	}))

	const save = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setProgress({ state: 'sending' })
		const { fullName, phone } = fields.values
		try {
			setUser(await request<User>('/me', { method: 'PATCH', body: { fullName: fullName.trim(), phone: phone.trim() || null } }))
			setProgress({ state: 'saved' })
		} catch (error) {
			fields.refuse(error)
			setProgress({ state: 'failed', error })
		}
	}

	return (
		<form onSubmit={save} noValidate className={classes.form}>
			<Title order={2} size="h4">
				{t('account.details')}
			</Title>
			<Outcome progress={progress} />
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
			<Button type="submit" size="md" loading={progress.state === 'sending'}>
				{t('app.save')}
			</Button>
		</form>
	)
}

const PasswordChange = () => {
	const { t } = useTranslation()
	const { setUser } = useSession()
	const [progress, setProgress] = useState<Progress>({ state: 'idle' })
	const fields = useFields({ currentPassword: '', password: '' }, values => ({
		currentPassword: checks.required(values.currentPassword),
		password: checks.password(values.password),
	}))

	const save = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setProgress({ state: 'sending' })
		try {
			setUser(await request<User>('/me', { method: 'PATCH', body: fields.values }))
			fields.clear()
			setProgress({ state: 'saved' })
		} catch (error) {
			fields.refuse(error)
			setProgress({ state: 'failed', error })
		}
	}

	return (
		<form onSubmit={save} noValidate className={classes.form}>
			<Title order={2} size="h4">
				{t('account.changePassword')}
			</Title>
			<Outcome progress={progress} />
			<PasswordField label={t('account.currentPassword')} {...fields.bind('currentPassword')} />
			<PasswordField
				label={t('account.newPassword')}
				description={t('account.passwordHint')}
				{...fields.bind('password')}
				autoComplete="new-password"
			/>
			<Button type="submit" size="md" variant="default" loading={progress.state === 'sending'}>
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
