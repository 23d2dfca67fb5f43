import { Anchor, Button, Code, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RecoveryCodes, SecondFactorSetup } from '../../contract/index.ts'
import accountClasses from '../account/account.module.css'
import { ProofForm } from '../account/proof-form.tsx'
import { request } from '../api/http.ts'
import { QrCode } from './qr-code.tsx'

type Props = { onCodes: (codes: string[]) => void; onCancel: () => void }

/** From the password over the secret to the first code. */
export function Setup({ onCodes, onCancel }: Props) {
	const { t } = useTranslation()
	const [setup, setSetup] = useState<SecondFactorSetup>()

	const begin = async ({ currentPassword }: { currentPassword: string }) =>
		setSetup(await request<SecondFactorSetup>('/me/second-factor', { method: 'POST', body: { currentPassword } }))
	const confirm = async ({ code }: { code: string }) =>
		onCodes((await request<RecoveryCodes>('/me/second-factor/confirm', { method: 'POST', body: { code } })).recoveryCodes)

	const cancel = (
		<Button size="md" variant="default" onClick={onCancel}>
			{t('app.cancel')}
		</Button>
	)
	if (!setup) {
		return (
			<ProofForm key="password" asks={['password']} action={t('security.factor.continue')} send={begin} others={cancel}>
				<Text>{t('security.factor.beginText')}</Text>
			</ProofForm>
		)
	}
	return (
		<ProofForm key="code" asks={['app']} action={t('security.factor.confirm')} send={confirm} others={cancel} isFocused={false}>
			<Text>{t('security.factor.scan')}</Text>
			<QrCode content={setup.uri} label={t('security.factor.qr')} />
			<Anchor href={setup.uri} className={accountClasses.textLink}>
				{t('security.factor.openApp')}
			</Anchor>
			<div>
				<Text>{t('security.factor.typeIn')}</Text>
				<Code dir="ltr" fz="md" data-testid="secret" style={{ overflowWrap: 'anywhere' }}>
					{inFours(setup.secret)}
				</Code>
			</div>
		</ProofForm>
	)
}

const inFours = (secret: string) => secret.match(/.{1,4}/g)?.join(' ') ?? secret
