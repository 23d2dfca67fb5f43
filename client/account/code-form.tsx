import { Button, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { User } from '../../contract/index.ts'
import { ApiError } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { CodeField, type CodeKind } from './code-field.tsx'
import { checks, useFields } from './fields.tsx'
import { ProofError } from './proof-error.tsx'

type Props = {
	challenge: string
	onDone: ((user: User) => void) | undefined
	/** Back to the password, also because the challenge is over. */
	onStartOver: (reason?: unknown) => void
}

/** The second step of signing in. */
export const CodeForm = ({ challenge, onDone, onStartOver }: Props) => {
	const { t } = useTranslation()
	const { answerChallenge } = useSession()
	const [kind, setKind] = useState<CodeKind>('app')
	const [error, setError] = useState<unknown>()
	const [sending, setSending] = useState(false)
	const fields = useFields({ code: '' }, values => ({ code: checks.required(values.code) }))

	const send = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setSending(true)
		setError(undefined)
		try {
			const user = await answerChallenge(challenge, fields.values.code)
			onDone?.(user)
		} catch (refusal) {
			if (refusal instanceof ApiError && refusal.code === 'token_expired') return onStartOver(refusal)
			setError(refusal)
			setSending(false)
		}
	}

	const switchKind = () => {
		setKind(kind === 'app' ? 'recovery' : 'app')
		setError(undefined)
		fields.clear()
	}

	return (
		<form onSubmit={send} noValidate>
			<Stack gap="md">
				<Text role="status">{t('account.secondStep')}</Text>
				{error !== undefined && <ProofError error={error} />}
				{/* Somebody who has just sent the password goes on typing. */}
				<CodeField key={kind} kind={kind} data-autofocus autoFocus {...fields.bind('code')} />
				<Button type="submit" size="md" fullWidth loading={sending}>
					{t('account.signIn')}
				</Button>
				<Button size="md" variant="subtle" onClick={switchKind}>
					{t(kind === 'app' ? 'account.useRecoveryCode' : 'account.useApp')}
				</Button>
				<Button size="md" variant="subtle" onClick={() => onStartOver()}>
					{t('account.backToSignIn')}
				</Button>
			</Stack>
		</form>
	)
}
