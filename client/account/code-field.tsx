import type { TextInputProps } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { TextField } from './fields.tsx'

export type CodeKind = 'app' | 'recovery'

/** A code of the authenticator app, with digits to tap; or a recovery code, which has letters too. */
export const CodeField = ({ kind, ...props }: TextInputProps & { kind: CodeKind }) => {
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
