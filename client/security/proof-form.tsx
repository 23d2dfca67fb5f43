import { Button, Group, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CodeField } from '../account/code-field.tsx'
import { checks, PasswordField, useFields } from '../account/fields.tsx'
import { ProofError } from '../account/proof-error.tsx'

type Proof = { currentPassword: string; code: string }

type Props = {
	text: string
	action: string
	/** Whether the password is enough. */
	withoutCode?: boolean
	send: (proof: Proof) => Promise<void>
	onCancel: () => void
}

/** Asks who is at the page to show once more that they are its owner, and does something then. */
export const ProofForm = ({ text, action, withoutCode = false, send, onCancel }: Props) => {
	const { t } = useTranslation()
	const [error, setError] = useState<unknown>()
	const [sending, setSending] = useState(false)
	const fields = useFields({ currentPassword: '', code: '' }, values => ({
		currentPassword: checks.required(values.currentPassword),
		code: withoutCode ? undefined : checks.required(values.code),
	}))

	const submit = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setSending(true)
		setError(undefined)
		try {
			await send(fields.values)
		} catch (refusal) {
			setError(refusal)
			setSending(false)
		}
	}

	return (
		<form onSubmit={submit} noValidate>
			<Stack gap="md">
				<Text>{text}</Text>
				{error !== undefined && <ProofError error={error} />}
				<PasswordField label={t('account.currentPassword')} autoFocus {...fields.bind('currentPassword')} />
				{!withoutCode && <CodeField kind="app" {...fields.bind('code')} />}
				<Group>
					<Button type="submit" size="md" loading={sending}>
						{action}
					</Button>
					<Button size="md" variant="default" onClick={onCancel}>
						{t('app.cancel')}
					</Button>
				</Group>
			</Stack>
		</form>
	)
}
