import { Button, Group, PasswordInput, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Role, User } from '../../contract/index.ts'
import { ApiError, request } from '../api/http.ts'
import { viewerZone } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { SpecialtyField } from '../shell/specialty-field.tsx'
import { Failure } from './in-use.tsx'

const roles: Role[] = ['receptionist', 'doctor', 'patient', 'admin']

const useRoleOptions = () => {
	const { t } = useTranslation()
	return roles.map(value => ({ value, label: t(`role.${value}`) }))
}

type EditUserProps = {
	user: User
	/** One's own rights are not for oneself to change. */
	self: boolean
	saving: boolean
	error: unknown
	onSave: (changes: { fullName?: string; email?: string; role?: Role }) => void
	onClose: () => void
}

export const EditUser = ({ user, self, saving, error, onSave, onClose }: EditUserProps) => {
	const { t } = useTranslation()
	const options = useRoleOptions()
	const [fullName, setFullName] = useState(user.fullName)
	const [email, setEmail] = useState(user.email)
	const [role, setRole] = useState(user.role)
	const typed = email.trim().toLowerCase()
	const submit = (event: FormEvent) => {
		event.preventDefault()
		onSave({
			...(fullName.trim() !== user.fullName && { fullName: fullName.trim() }),
			...(typed !== user.email && { email: typed }),
			...(role !== user.role && { role }),
		})
	}
	return (
		<form onSubmit={submit} noValidate>
			<Stack>
				<TextInput
					label={t('account.fullName')}
					value={fullName}
					maxLength={120}
					required
					onChange={event => setFullName(event.currentTarget.value)}
				/>
				<TextInput
					label={t('account.email')}
					type="email"
					description={typed === user.email ? undefined : t('setup.users.emailText')}
					value={email}
					maxLength={254}
					required
					error={faultyFields(error).has('email') && t('admin.users.checkField')}
					onChange={event => setEmail(event.currentTarget.value)}
				/>
				<Select
					comboboxProps={{ withinPortal: false }}
					label={t('admin.users.column.role')}
					description={self ? t('admin.users.ownRole') : role === user.role ? undefined : t('admin.users.roleText')}
					data={options}
					allowDeselect={false}
					disabled={self}
					value={role}
					onChange={value => value && setRole(value as Role)}
				/>
				{error != null && <Failure error={error} />}
				<Group justify="flex-end">
					<Button variant="default" onClick={onClose}>
						{t('app.cancel')}
					</Button>
					<Button type="submit" loading={saving} disabled={fullName.trim() === '' || typed === ''}>
						{t('app.save')}
					</Button>
				</Group>
			</Stack>
		</form>
	)
}

type Fields = { email: string; fullName: string; role: Role; phone: string; password: string; specialty: string; timeZone: string }

const toBody = ({ email, fullName, role, phone, password, specialty, timeZone }: Fields) => ({
	email: email.trim(),
	fullName: fullName.trim(),
	role,
	...(phone.trim() && { phone: phone.trim() }),
	...(password && { password }),
	...(role === 'doctor' && { timeZone, ...(specialty.trim() && { specialty: specialty.trim() }) }),
})

/** The fields that the server found fault with. */
const faultyFields = (error: unknown): Set<string> =>
	new Set(error instanceof ApiError ? (error.problem?.errors ?? []).map(({ path }) => path.replace(/^body\./, '')) : [])

export const NewUser = ({ onCreated, onClose }: { onCreated: (user: User) => void; onClose: () => void }) => {
	const { t } = useTranslation()
	const options = useRoleOptions()
	const [fields, setFields] = useState<Fields>({
		email: '',
		fullName: '',
		role: 'receptionist',
		phone: '',
		password: '',
		specialty: '',
		timeZone: viewerZone(),
	})
	const zones = useMemo(() => [...new Set([viewerZone(), 'UTC', ...Intl.supportedValuesOf('timeZone')])].sort(), [])
	const create = useMutation({
		mutationFn: () => request<User>('/admin/users', { method: 'POST', body: toBody(fields) }),
		onSuccess: onCreated,
	})
	const faulty = faultyFields(create.error)
	const isFaulty = (field: keyof Fields) => faulty.has(field) && t('admin.users.checkField')
	const text = (field: keyof Fields) => ({
		value: fields[field],
		error: isFaulty(field),
		onChange: (event: React.ChangeEvent<HTMLInputElement>) => setFields({ ...fields, [field]: event.currentTarget.value }),
	})
	const submit = (event: FormEvent) => {
		event.preventDefault()
		create.mutate()
	}
	return (
		<form onSubmit={submit} noValidate>
			<Stack>
				<Select
					comboboxProps={{ withinPortal: false }}
					label={t('admin.users.column.role')}
					data={options}
					allowDeselect={false}
					value={fields.role}
					onChange={role => role && setFields({ ...fields, role: role as Role })}
				/>
				<TextInput label={t('account.fullName')} required maxLength={120} autoComplete="off" {...text('fullName')} />
				<TextInput label={t('account.email')} type="email" required maxLength={254} autoComplete="off" {...text('email')} />
				<TextInput label={t('admin.users.phone')} type="tel" maxLength={32} autoComplete="off" {...text('phone')} />
				{fields.role === 'doctor' && (
					<>
						<SpecialtyField
							size="sm"
							value={fields.specialty}
							error={isFaulty('specialty')}
							onChange={specialty => setFields({ ...fields, specialty })}
						/>
						<Select
							comboboxProps={{ withinPortal: false }}
							label={t('account.timeZone')}
							data={zones}
							limit={60}
							searchable
							onFocus={event => event.currentTarget.select()}
							allowDeselect={false}
							value={fields.timeZone}
							onChange={timeZone => timeZone && setFields({ ...fields, timeZone })}
						/>
					</>
				)}
				<PasswordInput
					label={t('admin.users.password')}
					description={t('admin.users.passwordText')}
					maxLength={200}
					autoComplete="new-password"
					visibilityToggleButtonProps={{ 'aria-label': t('admin.users.showPassword') }}
					{...text('password')}
				/>
				{create.error && <ErrorMessage error={create.error} />}
				<Group justify="flex-end">
					<Button variant="default" onClick={onClose}>
						{t('app.cancel')}
					</Button>
					<Button type="submit" loading={create.isPending} disabled={!fields.email.trim() || !fields.fullName.trim()}>
						{t('admin.users.create')}
					</Button>
				</Group>
				<Text fz="sm">{t('admin.users.activeAtOnce')}</Text>
			</Stack>
		</form>
	)
}
