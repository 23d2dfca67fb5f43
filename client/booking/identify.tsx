import { Button, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ForgotForm } from '../account/forgot-form.tsx'
import { MailedCodeForm } from '../account/mailed-code-form.tsx'
import { RegisterForm } from '../account/register-form.tsx'
import { SignInForm } from '../account/sign-in-form.tsx'

type Way = 'code' | 'password' | 'forgotten' | 'register'

/** Signing in or signing up on the way to a slot: by a code from a mail, or by a password for patients who want one. */
const Identify = () => {
	const { t } = useTranslation()
	const [way, go] = useState<Way>('code')
	const to = (next: Way, label: string, variant: 'light' | 'subtle' = 'light') => (
		<Button variant={variant} size="md" fullWidth onClick={() => go(next)}>
			{label}
		</Button>
	)
	return (
		<Stack gap="md">
			{way === 'code' && <MailedCodeForm />}
			{way === 'password' && <SignInForm />}
			{way === 'forgotten' && <ForgotForm />}
			{way === 'register' && <RegisterForm />}
			{way === 'code' && (
				<div>
					<Text>{t('account.haveAccount')}</Text>
					{to('password', t('journey.withPassword'))}
				</div>
			)}
			{way === 'password' && to('forgotten', t('account.forgot'), 'subtle')}
			{way === 'password' && (
				<div>
					<Text>{t('account.noAccount')}</Text>
					{to('register', t('account.register'))}
				</div>
			)}
			{way !== 'code' && to('code', t('journey.withCode'), 'subtle')}
		</Stack>
	)
}

export default Identify
