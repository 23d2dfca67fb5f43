import { Button, Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SignInChallenge, User } from '../../contract/index.ts'
import { ApiError } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { CodeForm } from './code-form.tsx'
import { checks, PasswordField, TextField, useFields } from './fields.tsx'
import { useSending } from './use-sending.ts'

/** The password; and for an account with a second factor, a code of it. */
export function SignInForm({ onDone }: { onDone?: (user: User) => void }) {
	const [challenge, setChallenge] = useState(challengeOfProvider)
	const [reason, setReason] = useState<unknown>()
	if (challenge === undefined)
		return (
			<PasswordForm
				reason={reason}
				onAnswer={answer => {
					if ('challenge' in answer) setChallenge(answer.challenge)
					else onDone?.(answer)
				}}
			/>
		)
	const startOver = (error?: unknown) => {
		setReason(error)
		setChallenge(undefined)
	}
	return <CodeForm challenge={challenge} onDone={onDone} onStartOver={startOver} />
}

/** After the clinic's identity provider, an account with a second factor still has to give its code. */
const challengeOfProvider = (): string | undefined => new URLSearchParams(window.location.hash.slice(1)).get('challenge') ?? undefined

type PasswordProps = {
	/** Why the second step was given up. */
	reason: unknown
	onAnswer: (answer: User | SignInChallenge) => void
}

const PasswordForm = ({ reason, onAnswer }: PasswordProps) => {
	const { t } = useTranslation()
	const { signIn } = useSession()
	const fields = useFields({ email: '', password: '' }, values => ({
		email: checks.email(values.email),
		password: checks.required(values.password),
	}))

	const sending = useSending(
		fields,
		async () => onAnswer(await signIn({ email: fields.values.email.trim(), password: fields.values.password })),
		{ failed: reason },
	)
	const { error } = sending

	const tookTooLong = error instanceof ApiError && error.code === 'token_expired'
	return (
		<form {...sending.form}>
			<Stack gap="md">
				{error !== undefined && <ErrorMessage error={error} text={tookTooLong ? t('account.tookTooLong') : undefined} />}
				<TextField label={t('account.email')} type="email" autoComplete="email" inputMode="email" {...fields.bind('email')} />
				<PasswordField label={t('account.password')} {...fields.bind('password')} />
				<Button type="submit" size="md" fullWidth loading={sending.isBusy}>
					{t('account.signIn')}
				</Button>
			</Stack>
		</form>
	)
}
