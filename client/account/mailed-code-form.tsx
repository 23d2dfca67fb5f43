import { Button, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { CodeForm } from './code-form.tsx'
import { checks, TextField, useFields } from './fields.tsx'
import { useSending } from './use-sending.ts'

type Person = { fullName: string; email: string }

type Step = { step: 'person' } | { step: 'code'; person: Person } | { step: 'second factor'; challenge: string }

/** Signs in, or opens an account, with a code by mail in place of a password. */
export function MailedCodeForm() {
	const [current, go] = useState<Step>({ step: 'person' })
	const [person, setPerson] = useState<Person>({ fullName: '', email: '' })
	if (current.step === 'second factor')
		return <CodeForm challenge={current.challenge} onDone={undefined} onStartOver={() => go({ step: 'person' })} />
	if (current.step === 'code')
		return (
			<CodeStep
				person={current.person}
				onChallenge={challenge => go({ step: 'second factor', challenge })}
				onBack={() => go({ step: 'person' })}
			/>
		)
	return (
		<PersonStep
			first={person}
			onSent={person => {
				setPerson(person)
				go({ step: 'code', person })
			}}
		/>
	)
}

const PersonStep = ({ first, onSent }: { first: Person; onSent: (person: Person) => void }) => {
	const { t, i18n } = useTranslation()
	const fields = useFields(first, values => ({ fullName: checks.required(values.fullName), email: checks.email(values.email) }))
	const sending = useSending(fields, async () => {
		const person = { fullName: fields.values.fullName.trim(), email: fields.values.email.trim() }
		await request('/auth/code', { method: 'POST', body: { email: person.email, language: i18n.language } })
		onSent(person)
	})
	return (
		<form {...sending.form}>
			<Stack gap="md">
				{sending.error !== undefined && <ErrorMessage error={sending.error} />}
				<TextField label={t('account.fullName')} autoComplete="name" {...fields.bind('fullName')} />
				<TextField label={t('account.email')} type="email" autoComplete="email" inputMode="email" {...fields.bind('email')} />
				<Button type="submit" size="md" fullWidth loading={sending.isBusy}>
					{t('journey.sendCode')}
				</Button>
			</Stack>
		</form>
	)
}

const codeLength = 6

type CodeProps = { person: Person; onChallenge: (challenge: string) => void; onBack: () => void }

/** Sends the code as soon as its last digit is typed. */
const CodeStep = ({ person, onChallenge, onBack }: CodeProps) => {
	const { t, i18n } = useTranslation()
	const { answerMailedCode } = useSession()
	const [code, setCode] = useState('')
	const [sending, setSending] = useState(false)
	const [error, setError] = useState<unknown>()

	const send = async (code: string) => {
		setSending(true)
		setError(undefined)
		try {
			const answer = await answerMailedCode({ ...person, code, language: i18n.language })
			if ('challenge' in answer) onChallenge(answer.challenge)
		} catch (error) {
			setError(error)
			setCode('')
			setSending(false)
		}
	}
	const change = (typed: string) => {
		const digits = digitsOf(typed)
		setCode(digits)
		if (digits.length === codeLength && !sending) void send(digits)
	}
	const isWrong = error instanceof ApiError && error.code === 'invalid_credentials'
	return (
		<form
			noValidate
			onSubmit={event => {
				event.preventDefault()
				if (code.length === codeLength && !sending) void send(code)
			}}
		>
			<Stack gap="md">
				<Text role="status" style={{ overflowWrap: 'anywhere' }}>
					{t('journey.codeSent', { email: person.email })}
				</Text>
				{error !== undefined && <ErrorMessage error={error} text={isWrong ? t('account.wrongCode') : undefined} />}
				<TextField
					label={t('journey.code')}
					description={t('journey.codeHint')}
					name="code"
					inputMode="numeric"
					autoComplete="one-time-code"
					dir="ltr"
					autoFocus
					maxLength={12}
					value={code}
					readOnly={sending}
					onChange={event => change(event.currentTarget.value)}
				/>
				<Button type="submit" size="md" fullWidth loading={sending}>
					{t('journey.continue')}
				</Button>
				<Button variant="subtle" size="md" onClick={onBack}>
					{t('journey.otherAddress')}
				</Button>
			</Stack>
		</form>
	)
}

/** Western digits, whichever digits a keyboard has. */
const digitsOf = (typed: string): string =>
	typed
		.replace(/[\u0660-\u0669]/g, digit => String(digit.charCodeAt(0) - 0x660))
		.replace(/\D/g, '')
		.slice(0, codeLength)
