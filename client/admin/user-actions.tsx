import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { AccountStatus, ListedUser, Page, Role, User } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { Confirm } from './confirm.tsx'
import { Failure } from './in-use.tsx'
import { EditUser } from './user-forms.tsx'

export const usersKey = ['users']

/** Changes an account, and what is listed of it. */
const useChangeUser = () => {
	const queries = useQueryClient()
	const show = (changed: User) =>
		queries.setQueriesData<InfiniteData<Page<ListedUser>>>(
			{ queryKey: usersKey },
			listed =>
				listed && {
					...listed,
					pages: listed.pages.map(page => ({
						...page,
						items: page.items.map(user => (user.id === changed.id ? { ...user, ...changed } : user)),
					})),
				},
		)
	return useMutation({
		mutationFn: ({ id, ...changes }: { id: string; status?: AccountStatus; role?: Role; fullName?: string; email?: string }) =>
			request<User>(`/admin/users/${id}`, { method: 'PATCH', body: changes }),
		onSuccess: changed => {
			show(changed)
			// A list that is on its way may have been read before: it is waited for or asked for again, and changed, too.
			void queries.refetchQueries({ queryKey: usersKey, fetchStatus: 'fetching' }).then(() => show(changed))
		},
	})
}

/** Takes the second factor off an account. */
const useResetFactor = () => {
	const queries = useQueryClient()
	return useMutation({
		mutationFn: (id: string) => request(`/admin/users/${id}/second-factor`, { method: 'DELETE' }),
		onSuccess: () => queries.invalidateQueries({ queryKey: usersKey }),
	})
}

/** Mails another link that sets the password; the one before ends. */
const useInviteAgain = () =>
	useMutation({
		mutationFn: ({ email, fullName, role }: ListedUser) =>
			request<User>('/admin/invitations', { method: 'POST', body: { email, fullName, role } }),
	})

/** What an admin can do with one account. */
export const UserActions = ({ user }: { user: ListedUser }) => {
	const { t } = useTranslation()
	const { user: me } = useSession()
	const change = useChangeUser()
	const reset = useResetFactor()
	const again = useInviteAgain()
	const [open, setOpen] = useState<'edit' | 'disable' | 'reset' | null>(null)
	const named = (text: string) => `${text}: ${user.fullName}`
	const close = () => {
		setOpen(null)
		change.reset()
		reset.reset()
	}
	const to = (status: AccountStatus) => change.mutate({ id: user.id, status }, { onSuccess: () => setOpen(null) })
	return (
		<Stack gap="xs">
			<Group gap="xs" wrap="wrap">
				{user.status === 'pending' && (
					<Button size="xs" loading={change.isPending} aria-label={named(t('admin.users.approve'))} onClick={() => to('active')}>
						{t('admin.users.approve')}
					</Button>
				)}
				{user.status === 'disabled' && (
					<Button
						size="xs"
						variant="default"
						loading={change.isPending}
						aria-label={named(t('admin.users.enable'))}
						onClick={() => to('active')}
					>
						{t('admin.users.enable')}
					</Button>
				)}
				<Button size="xs" variant="default" aria-label={named(t('admin.users.edit'))} onClick={() => setOpen('edit')}>
					{t('admin.users.edit')}
				</Button>
				{user.role === 'doctor' && (
					<Button
						component={Link}
						to={`/admin/users/${user.id}/hours`}
						size="xs"
						variant="default"
						aria-label={named(t('admin.users.hours'))}
					>
						{t('admin.users.hours')}
					</Button>
				)}
				{user.invited && user.status === 'active' && (
					<Button
						size="xs"
						variant="default"
						loading={again.isPending}
						aria-label={named(t('setup.invite.again'))}
						onClick={() => again.mutate(user)}
					>
						{t('setup.invite.again')}
					</Button>
				)}
				{user.secondFactor && user.id !== me?.id && (
					<Button size="xs" variant="subtle" aria-label={named(t('admin.users.resetFactor'))} onClick={() => setOpen('reset')}>
						{t('admin.users.resetFactor')}
					</Button>
				)}
				{user.status !== 'disabled' && user.id !== me?.id && (
					<Button size="xs" variant="subtle" aria-label={named(t('admin.users.disable'))} onClick={() => setOpen('disable')}>
						{t('admin.users.disable')}
					</Button>
				)}
			</Group>
			{user.invited && (
				<Text role="status" fz="sm">
					{again.isSuccess ? t('setup.invite.sent', { name: user.fullName }) : ''}
				</Text>
			)}
			{change.error && open === null && <Failure error={change.error} />}
			{again.error && <Failure error={again.error} />}
			<Modal
				opened={open === 'edit'}
				onClose={close}
				closeButtonProps={{ 'aria-label': t('app.close') }}
				title={t('admin.users.editTitle', { name: user.fullName })}
			>
				<EditUser
					user={user}
					self={user.id === me?.id}
					saving={change.isPending}
					error={change.error}
					onSave={changes => change.mutate({ id: user.id, ...changes }, { onSuccess: close })}
					onClose={close}
				/>
			</Modal>
			<Confirm
				opened={open === 'disable'}
				title={t('admin.users.disableTitle')}
				text={t('admin.users.disableText', { name: user.fullName })}
				action={t('admin.users.disable')}
				doing={change}
				onConfirm={() => to('disabled')}
				onClose={close}
			/>
			<Confirm
				opened={open === 'reset'}
				title={t('admin.users.resetFactorTitle')}
				text={t('admin.users.resetFactorText', { name: user.fullName })}
				action={t('admin.users.resetFactor')}
				doing={reset}
				onConfirm={() => reset.mutate(user.id, { onSuccess: close })}
				onClose={close}
			/>
		</Stack>
	)
}
