import { Button, Group, Stack, type TextInputProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { checks, PasswordField, TextField, useFields } from './fields.tsx'
import { useSending } from './use-sending.ts'

/** A code of the authenticator app, or a recovery code for when the app is not at hand. */
export type CodeKind = 'app' | 'recovery'

type Proof = { currentPassword: string; code: string }

type Props = {
	asks: readonly ('password' | CodeKind)[]
	/** Why it is asked for. */
	children: ReactNode
	action: string
	send: (proof: Proof) => Promise<unknown>
	/** The buttons besides the one that sends. */
	others: ReactNode
	/** Each button has a line of its own. */
	isNarrow?: boolean
	/** Whether typing begins in the first field. */
	isFocused?: boolean
}

/** Asks the person at the page to show that they own the account: by the password, by a code, or by both. */
export function ProofForm({ asks, children, action, send, others, isNarrow = false, isFocused = true }: Props) {
	const { t } = useTranslation()
	const asksPassword = asks.includes('password')
	const codeKind = asks.find(asked => asked !== 'password')
	const fields = useFields({ currentPassword: '', code: '' }, values => ({
		currentPassword: asksPassword ? checks.required(values.currentPassword) : undefined,
		code: codeKind ? checks.required(values.code) : undefined,
	}))
	const sending = useSending(fields, () => send(fields.values))
	const focused = isFocused ? { 'data-autofocus': true, autoFocus: true } : {}
	const buttons = (
		<>
			<Button type="submit" size="md" fullWidth={isNarrow} loading={sending.isBusy}>
				{action}
			</Button>
			{others}
		</>
	)
	return (
		<form {...sending.form}>
			<Stack gap="md">
				{children}
				{sending.error !== undefined && <ProofError error={sending.error} />}
				{asksPassword && <PasswordField label={t('account.currentPassword')} {...focused} {...fields.bind('currentPassword')} />}
				{codeKind && <CodeField kind={codeKind} {...(!asksPassword && focused)} {...fields.bind('code')} />}
				{isNarrow ? buttons : <Group>{buttons}</Group>}
			</Stack>
		</form>
	)
}

/** Says which of password and code was wrong. */
const ProofError = ({ error }: { error: unknown }) => {
	const { t } = useTranslation()
	const wrong = error instanceof ApiError && error.code === 'invalid_credentials' ? error : undefined
	const isCode = wrong?.problem?.errors?.some(({ path }) => path === 'code')
	return <ErrorMessage error={error} text={wrong && t(isCode ? 'account.wrongCode' : 'account.wrongPassword')} />
}

/** A code of the app has digits to tap; a recovery code has letters too. */
const CodeField = ({ kind, ...props }: TextInputProps & { kind: CodeKind }) => {
	const { t } = useTranslation()
	const isApp = kind === 'app'
	return (
		<TextField
			label={t(isApp ? 'account.code' : 'account.recoveryCode')}
			description={isApp ? t('account.codeHint') : undefined}
			inputMode={isApp ? 'numeric' : 'text'}
			autoComplete={isApp ? 'one-time-code' : 'off'}
			maxLength={40}
			spellCheck={false}
			autoCapitalize={isApp ? undefined : 'characters'}
			// Codes are read from left to right in every language.
			dir="ltr"
			{...props}
		/>
	)
}
