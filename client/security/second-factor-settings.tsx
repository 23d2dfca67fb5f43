import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RecoveryCodes, SecondFactor } from '../../contract/index.ts'
import { ProofForm } from '../account/proof-form.tsx'
import { request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { Loaded } from '../shell/loaded.tsx'
import { useSecondFactor, useSecurityChanged } from './queries.ts'
import { Setup } from './setup.tsx'
import { ShownCodes } from './shown-codes.tsx'

const fewCodes = 3

type Step = { at: 'rest' | 'setup' | 'renewing' | 'disabling' } | { at: 'codes'; codes: string[] }

const Off = ({ required, onBegin }: { required: boolean; onBegin: () => void }) => {
	const { t } = useTranslation()
	return (
		<>
			{required && (
				<Alert color="yellow" variant="light" role="status">
					<Text c="var(--mantine-color-text)">{t('security.factor.needed')}</Text>
				</Alert>
			)}
			<Text>{t('security.factor.offText')}</Text>
			<Group>
				<Button size="md" onClick={onBegin}>
					{t('security.factor.begin')}
				</Button>
			</Group>
		</>
	)
}

const On = ({ left, onStep }: { left: number; onStep: (step: Step) => void }) => {
	const { t } = useTranslation()
	return (
		<>
			<Text>{t('security.factor.onText')}</Text>
			<Text c={left < fewCodes ? 'red' : undefined}>{t('security.factor.codesLeft', { number: left })}</Text>
			<Group>
				<Button size="md" variant="default" onClick={() => onStep({ at: 'renewing' })}>
					{t('security.factor.newCodes')}
				</Button>
				<Button size="md" variant="default" onClick={() => onStep({ at: 'disabling' })}>
					{t('security.factor.disable')}
				</Button>
			</Group>
		</>
	)
}

const Steps = ({ factor }: { factor: SecondFactor }) => {
	const { t } = useTranslation()
	const { lacksSecondFactor, secondFactorSet } = useSession()
	const changed = useSecurityChanged()
	const [step, setStep] = useState<Step>({ at: 'rest' })
	const rest = () => setStep({ at: 'rest' })
	const finish = () => {
		if (lacksSecondFactor) secondFactorSet()
		rest()
		void changed()
	}
	const proof = {
		asks: ['password', 'app'] as const,
		others: (
			<Button size="md" variant="default" onClick={rest}>
				{t('app.cancel')}
			</Button>
		),
	}
	switch (step.at) {
		case 'setup':
			return <Setup onCodes={codes => setStep({ at: 'codes', codes })} onCancel={rest} />
		case 'codes':
			return <ShownCodes codes={step.codes} onDone={finish} />
		case 'renewing':
			return (
				<ProofForm
					key={step.at}
					{...proof}
					action={t('security.factor.newCodes')}
					send={async body => {
						const { recoveryCodes } = await request<RecoveryCodes>('/me/second-factor/recovery-codes', { method: 'POST', body })
						setStep({ at: 'codes', codes: recoveryCodes })
					}}
				>
					<Text>{t('security.factor.newCodesText')}</Text>
				</ProofForm>
			)
		case 'disabling':
			return (
				<ProofForm
					key={step.at}
					{...proof}
					action={t('security.factor.disable')}
					send={async body => {
						await request('/me/second-factor/disable', { method: 'POST', body })
						finish()
					}}
				>
					<Text>{t('security.factor.disableText')}</Text>
				</ProofForm>
			)
		default:
			return factor.enabled ? (
				<On left={factor.recoveryCodesLeft} onStep={setStep} />
			) : (
				<Off required={factor.required} onBegin={() => setStep({ at: 'setup' })} />
			)
	}
}

/** Whether signing in asks for a code besides the password, and all that can be done about it. */
export const SecondFactorSettings = () => {
	const { t } = useTranslation()
	const factor = useSecondFactor()
	return (
		<Stack gap="md">
			<Title order={2} size="h4">
				{t('security.factor.title')}
			</Title>
			<Loaded query={factor} outline={[72, 44]}>
				{read => <Steps factor={read} />}
			</Loaded>
		</Stack>
	)
}
