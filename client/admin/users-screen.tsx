import { Badge, Button, Card, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks'
import { IconCircleCheck, IconClock, IconMail, IconPlus, IconSearch, IconUserCancel } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AccountStatus, ListedUser, Page, Role, User } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { Screen } from '../shell/layout.tsx'
import { More } from '../shell/loaded.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import { InviteForm } from './settings/invite-form.tsx'
import { UserActions, usersKey } from './user-actions.tsx'
import { NewUser } from './user-forms.tsx'

const roles: Role[] = ['patient', 'doctor', 'receptionist', 'admin']
const statuses: AccountStatus[] = ['pending', 'active', 'disabled']

const icons = { active: IconCircleCheck, pending: IconClock, disabled: IconUserCancel } as const

const AccountBadge = ({ user: { status, invited } }: { user: ListedUser }) => {
	const { t } = useTranslation()
	const Icon = invited && status === 'active' ? IconMail : icons[status]
	return (
		<Badge variant="default" tt="none" fw={500} size="lg" leftSection={<Icon size={16} aria-hidden />}>
			{invited && status === 'active' ? t('setup.invite.badge') : t(`admin.users.status.${status}`)}
		</Badge>
	)
}

const rowProps = (user: User) => ({ 'data-testid': 'user-row', 'data-user-id': user.id, 'data-status': user.status })

const UsersTable = ({ users }: { users: ListedUser[] }) => {
	const { t } = useTranslation()
	return (
		<Table.ScrollContainer
			minWidth={760}
			scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('nav.users') } }}
		>
			<Table verticalSpacing="sm">
				<Table.Thead>
					<Table.Tr>
						{['name', 'contact', 'role', 'state', 'actions'].map(column => (
							<Table.Th key={column} scope="col">
								{t(`admin.users.column.${column}`)}
							</Table.Th>
						))}
					</Table.Tr>
				</Table.Thead>
				<Table.Tbody>
					{users.map(user => (
						<Table.Tr key={user.id} {...rowProps(user)}>
							<Table.Th scope="row">{user.fullName}</Table.Th>
							<Table.Td>
								<Text fz="sm">{user.email}</Text>
								{user.phone && (
									<Text fz="sm" dir="ltr" ta="start">
										{user.phone}
									</Text>
								)}
							</Table.Td>
							<Table.Td>{t(`role.${user.role}`)}</Table.Td>
							<Table.Td>
								<AccountBadge user={user} />
							</Table.Td>
							<Table.Td>
								<UserActions user={user} />
							</Table.Td>
						</Table.Tr>
					))}
				</Table.Tbody>
			</Table>
		</Table.ScrollContainer>
	)
}

const UserCards = ({ users }: { users: ListedUser[] }) => {
	const { t } = useTranslation()
	return (
		<Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: 'none' }} aria-label={t('nav.users')}>
			{users.map(user => (
				<Card key={user.id} component="li" withBorder p="sm" {...rowProps(user)}>
					<Stack gap="xs">
						<Group justify="space-between" gap="xs">
							<Text fw={650}>{user.fullName}</Text>
							<AccountBadge user={user} />
						</Group>
						<Text fz="sm" style={{ overflowWrap: 'anywhere' }}>{`${t(`role.${user.role}`)} · ${user.email}`}</Text>
						<UserActions user={user} />
					</Stack>
				</Card>
			))}
		</Stack>
	)
}

type Filter = { q: string; role: Role | null; status: AccountStatus | null }

const Filters = ({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) => {
	const { t } = useTranslation()
	return (
		<Group align="flex-end" gap="sm">
			<TextInput
				type="search"
				label={t('admin.users.search')}
				leftSection={<IconSearch size={18} aria-hidden />}
				leftSectionPointerEvents="none"
				maxLength={100}
				value={filter.q}
				onChange={event => onChange({ ...filter, q: event.currentTarget.value })}
			/>
			<Select
				comboboxProps={{ withinPortal: false }}
				label={t('admin.users.column.role')}
				w={170}
				allowDeselect={false}
				data={[{ value: '', label: t('admin.users.all') }, ...roles.map(value => ({ value, label: t(`role.${value}`) }))]}
				value={filter.role ?? ''}
				onChange={role => onChange({ ...filter, role: (role || null) as Role | null })}
			/>
			<Select
				comboboxProps={{ withinPortal: false }}
				label={t('admin.users.column.state')}
				w={190}
				allowDeselect={false}
				data={[{ value: '', label: t('admin.users.all') }, ...statuses.map(value => ({ value, label: t(`admin.users.status.${value}`) }))]}
				value={filter.status ?? ''}
				onChange={status => onChange({ ...filter, status: (status || null) as AccountStatus | null })}
			/>
		</Group>
	)
}

const Users = ({ filter }: { filter: Filter }) => {
	const { t } = useTranslation()
	const wide = useMediaQuery('(min-width: 48em)', window.innerWidth >= 768)
	const [q] = useDebouncedValue(filter.q.trim(), 250)
	const listed = useInfiniteQuery({
		queryKey: [...usersKey, q, filter.role, filter.status],
		queryFn: ({ pageParam, signal }) =>
			request<Page<ListedUser>>(
				`/admin/users${query({ q, role: filter.role ?? undefined, status: filter.status ?? undefined, cursor: pageParam, limit: 25 })}`,
				{ signal },
			),
		// Rows stay until others come, and with them a question that was asked about one.
		placeholderData: keepPreviousData,
		initialPageParam: undefined as string | undefined,
		getNextPageParam: page => page.nextCursor ?? undefined,
	})
	if (listed.error && !listed.data) return <ErrorMessage error={listed.error} onRetry={() => void listed.refetch()} />
	if (!listed.data) return <Skeletons heights={[52, 52, 52, 52, 52, 52]} />
	const users = listed.data.pages.flatMap(page => page.items)
	if (users.length === 0) return <Empty title={t('admin.users.empty')} />
	return (
		<Stack>
			{wide ? <UsersTable users={users} /> : <UserCards users={users} />}
			<More pages={listed} />
		</Stack>
	)
}

const UsersScreen = () => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const [filter, setFilter] = useState<Filter>({ q: '', role: null, status: null })
	const [creating, setCreating] = useState(false)
	const [inviting, setInviting] = useState(false)
	const [created, setCreated] = useState<User>()
	return (
		<Screen title={t('nav.users')} wide>
			<Stack>
				<Group justify="space-between" align="flex-end">
					<Filters filter={filter} onChange={setFilter} />
					<Group gap="xs">
						<Button variant="default" leftSection={<IconMail size={18} aria-hidden />} onClick={() => setInviting(true)}>
							{t('setup.invite.title')}
						</Button>
						<Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setCreating(true)}>
							{t('admin.users.create')}
						</Button>
					</Group>
				</Group>
				<Text role="status" fz="sm">
					{created ? t('admin.users.created', { name: created.fullName }) : ''}
				</Text>
				<Users filter={filter} />
			</Stack>
			<Modal
				opened={inviting}
				onClose={() => setInviting(false)}
				closeButtonProps={{ 'aria-label': t('app.close') }}
				title={t('setup.invite.title')}
			>
				<InviteForm roles={['doctor', 'receptionist', 'admin']} />
			</Modal>
			<Modal
				opened={creating}
				onClose={() => setCreating(false)}
				closeButtonProps={{ 'aria-label': t('app.close') }}
				title={t('admin.users.create')}
			>
				<NewUser
					onClose={() => setCreating(false)}
					onCreated={user => {
						setCreating(false)
						setCreated(user)
						void queries.invalidateQueries({ queryKey: usersKey })
					}}
				/>
			</Modal>
		</Screen>
	)
}

export default UsersScreen
