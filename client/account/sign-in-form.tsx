import { Button, Stack } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { User } from '../../contract/index.ts'
import { useSession } from '../api/session.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { checks, PasswordField, TextField, useFields } from './fields.tsx'

export const SignInForm = ({ onDone }: { onDone?: (user: User) => void }) => {
	const { t } = useTranslation()
	const { signIn } = useSession()
	const [error, setError] = useState<unknown>()
	const [sending, setSending] = useState(false)
	const fields = useFields({ email: '', password: '' }, values => ({
		email: checks.email(values.email),
		password: checks.required(values.password),
	}))

	const send = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setSending(true)
		setError(undefined)
		try {
			const user = await signIn({ email: fields.values.email.trim(), password: fields.values.password })
			onDone?.(user)
		} catch (refusal) {
			setError(refusal)
			setSending(false)
		}
	}

	return (
		<form onSubmit={send} noValidate>
			<Stack gap="md">
				{error !== undefined && <ErrorMessage error={error} />}
				<TextField label={t('account.email')} type="email" autoComplete="email" inputMode="email" {...fields.bind('email')} />
				<PasswordField label={t('account.password')} {...fields.bind('password')} />
				<Button type="submit" size="md" fullWidth loading={sending}>
					{t('account.signIn')}
				</Button>
			</Stack>
		</form>
	)
}
