import { Button, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { RegisterForm } from '../account/register-form.tsx'
import { SignInForm } from '../account/sign-in-form.tsx'

/** Signing in or registering on the way to a slot. */
const Identify = () => {
	const { t } = useTranslation()
	const [isNew, setNew] = useState(false)
	return (
		<Stack gap="md">
			{isNew ? <RegisterForm /> : <SignInForm />}
			<div>
				<Text>{t(isNew ? 'account.haveAccount' : 'account.noAccount')}</Text>
				<Button variant="light" size="md" fullWidth mt={4} onClick={() => setNew(!isNew)}>
					{t(isNew ? 'account.signIn' : 'account.register')}
				</Button>
			</div>
		</Stack>
	)
}

export default Identify
