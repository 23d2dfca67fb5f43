import { Anchor, Button, Code, Group, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RecoveryCodes, SecondFactorSetup } from '../../contract/index.ts'
import accountClasses from '../account/account.module.css'
import { CodeField } from '../account/code-field.tsx'
import { checks, useFields } from '../account/fields.tsx'
import { ProofError } from '../account/proof-error.tsx'
import { request } from '../api/http.ts'
import { ProofForm } from './proof-form.tsx'
import { QrCode } from './qr-code.tsx'

type Props = { onCodes: (codes: string[]) => void; onCancel: () => void }

const inFours = (secret: string) => secret.match(/.{1,4}/g)?.join(' ') ?? secret

const Confirm = ({ setup, onCodes, onCancel }: Props & { setup: SecondFactorSetup }) => {
	const { t } = useTranslation()
	const [error, setError] = useState<unknown>()
	const [sending, setSending] = useState(false)
	const fields = useFields({ code: '' }, values => ({ code: checks.required(values.code) }))

	const send = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setSending(true)
		setError(undefined)
		try {
			onCodes((await request<RecoveryCodes>('/me/second-factor/confirm', { method: 'POST', body: fields.values })).recoveryCodes)
		} catch (refusal) {
			setError(refusal)
			setSending(false)
		}
	}

	return (
		<form onSubmit={send} noValidate>
			<Stack gap="md">
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
				{error !== undefined && <ProofError error={error} />}
				<CodeField kind="app" {...fields.bind('code')} />
				<Group>
					<Button type="submit" size="md" loading={sending}>
						{t('security.factor.confirm')}
					</Button>
					<Button size="md" variant="default" onClick={onCancel}>
						{t('app.cancel')}
					</Button>
				</Group>
			</Stack>
		</form>
	)
}

/** From the password over the secret to the first code. */
export const Setup = (props: Props) => {
	const { t } = useTranslation()
	const [setup, setSetup] = useState<SecondFactorSetup>()
	if (setup) return <Confirm setup={setup} {...props} />
	return (
		<ProofForm
			text={t('security.factor.beginText')}
			action={t('security.factor.continue')}
			withoutCode
			send={async ({ currentPassword }) =>
				setSetup(await request<SecondFactorSetup>('/me/second-factor', { method: 'POST', body: { currentPassword } }))
			}
			onCancel={props.onCancel}
		/>
	)
}
