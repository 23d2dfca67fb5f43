import { Button, NativeSelect, Stack, Switch } from '@mantine/core'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { User } from '../../contract/index.ts'
import { useSession } from '../api/session.tsx'
import { viewerZone } from '../i18n/format.ts'
import { fetched } from '../shell/fetched.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { checks, PasswordField, TextField, useFields } from './fields.tsx'
import { useSending } from './use-sending.ts'
import { useZones } from './zones.ts'

// Few who register are doctors.
const SpecialtyField = fetched(async () => ({ default: (await import('../shell/specialty-field.tsx')).SpecialtyField }))

type Props = {
	onDone?: (user: User) => void
	/** Whether a doctor may register here. */
	withDoctors?: boolean
}

export function RegisterForm({ onDone, withDoctors = false }: Props) {
	const { t } = useTranslation()
	const { register } = useSession()
	const zones = useZones()
	const [isDoctor, setDoctor] = useState(false)
	const fields = useFields({ fullName: '', email: '', phone: '', password: '', specialty: '', timeZone: viewerZone() }, values => ({
		fullName: checks.required(values.fullName),
		email: checks.email(values.email),
		phone: checks.phone(values.phone),
		password: checks.password(values.password),
		specialty: isDoctor ? checks.required(values.specialty) : undefined,
	}))

	const send = async () => {
		const { fullName, email, phone, password, specialty, timeZone } = fields.values
		const user = await register({
			fullName: fullName.trim(),
			email: email.trim(),
			password,
			...(phone.trim() && { phone: phone.trim() }),
			...(isDoctor && { role: 'doctor' as const, specialty: specialty.trim(), timeZone }),
		})
		onDone?.(user)
	}
	const sending = useSending(fields, send, { marks: true })
	const { onChange: _, ...specialty } = fields.bind('specialty')

	return (
		<form {...sending.form}>
			<Stack gap="md">
				{sending.error !== undefined && <ErrorMessage error={sending.error} />}
				<TextField label={t('account.fullName')} autoComplete="name" {...fields.bind('fullName')} />
				<TextField label={t('account.email')} type="email" autoComplete="email" inputMode="email" {...fields.bind('email')} />
				<TextField
					label={`${t('account.phone')} (${t('account.optional')})`}
					type="tel"
					autoComplete="tel"
					inputMode="tel"
					{...fields.bind('phone')}
				/>
				<PasswordField
					label={t('account.password')}
					description={t('account.passwordHint')}
					{...fields.bind('password')}
					autoComplete="new-password"
				/>
				{withDoctors && (
					<Switch size="md" label={t('account.asDoctor')} checked={isDoctor} onChange={event => setDoctor(event.currentTarget.checked)} />
				)}
				{isDoctor && (
					<>
						<Suspense>
							<SpecialtyField {...specialty} onChange={value => fields.set({ specialty: value })} />
						</Suspense>
						<NativeSelect size="md" label={t('account.timeZone')} data={zones} {...fields.bind('timeZone')} />
					</>
				)}
				<Button type="submit" size="md" fullWidth loading={sending.isBusy}>
					{t('account.register')}
				</Button>
			</Stack>
		</form>
	)
}
