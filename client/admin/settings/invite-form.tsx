import { Button, Group, NativeSelect, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Role, User } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { SpecialtyField } from '../../shell/specialty-field.tsx'
import { Failure } from '../in-use.tsx'
import { given, useDraft, useFaults } from './draft.ts'
import { keys, useClinic, useSaving } from './queries.ts'

const empty = { fullName: '', email: '', specialty: '' }

type Props = { roles: readonly Role[] }

/** Opens an account for a colleague, who sets the password with a link in the mail: at once, or when it is sent later. */
export const InviteForm = ({ roles }: Props) => {
	const { t } = useTranslation()
	const clinic = useClinic()
	const form = useRef<HTMLFormElement>(null)
	const { draft, set, text } = useDraft(empty)
	const [role, setRole] = useState<Role>(roles[0] ?? 'receptionist')
	const [mails, setMails] = useState(true)
	const invite = useSaving(
		() => {
			const doctor = role === 'doctor' && { specialty: given(draft.specialty), timeZone: clinic.data?.timeZone }
			const body = { email: draft.email.trim(), fullName: draft.fullName.trim(), role, ...doctor }
			return request<User>(mails ? '/admin/invitations' : '/admin/users', { method: 'POST', body })
		},
		[keys.users, keys.doctors],
		() => {
			set(empty)
			// The next colleague is typed at once.
			;(form.current?.elements.namedItem('fullName') as HTMLElement | null)?.focus()
		},
	)
	const faultOf = useFaults(invite.error)
	const submit = (event: FormEvent) => {
		event.preventDefault()
		invite.mutate(undefined)
	}
	return (
		<form ref={form} onSubmit={submit} noValidate aria-label={t('setup.invite.title')}>
			<Stack>
				<SimpleGrid cols={{ base: 1, xs: 2 }}>
					{roles.length > 1 && (
						<NativeSelect
							label={t('admin.users.column.role')}
							data={roles.map(value => ({ value, label: t(`role.${value}`) }))}
							value={role}
							onChange={event => setRole(event.currentTarget.value as Role)}
						/>
					)}
					<TextInput
						label={t('account.fullName')}
						required
						maxLength={120}
						autoComplete="off"
						error={faultOf('fullName')}
						{...text('fullName')}
					/>
					{role === 'doctor' && (
						<SpecialtyField size="sm" error={faultOf('specialty')} {...text('specialty')} onChange={specialty => set({ specialty })} />
					)}
					<TextInput
						label={t('account.email')}
						type="email"
						required
						maxLength={254}
						autoComplete="off"
						error={faultOf('email')}
						{...text('email')}
					/>
				</SimpleGrid>
				<Switch
					label={t('setup.invite.mail')}
					description={t(mails ? 'setup.invite.mailText' : 'setup.invite.laterText')}
					checked={mails}
					onChange={event => setMails(event.currentTarget.checked)}
				/>
				{invite.error && <Failure error={invite.error} />}
				<Group>
					<Button type="submit" size="md" leftSection={<IconUserPlus size={18} aria-hidden />} loading={invite.isPending}>
						{t(mails ? 'setup.invite.send' : 'setup.invite.add')}
					</Button>
					<Text role="status">
						{invite.data && draft.fullName === ''
							? t(mails ? 'setup.invite.sent' : 'setup.invite.added', { name: invite.data.fullName })
							: ''}
					</Text>
				</Group>
			</Stack>
		</form>
	)
}
