import { Badge, Card, Group, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ListedUser, Page, Role } from '../../../contract/index.ts'
import { query, request } from '../../api/http.ts'
import { Loaded, More } from '../../shell/loaded.tsx'
import { keys } from './queries.ts'

type Props = { of: Role; children?: (user: ListedUser) => ReactNode }

/** Colleagues of a role, with what can be done for each. */
export const People = ({ of: role, children }: Props) => {
	const { t } = useTranslation()
	const listed = useInfiniteQuery({
		queryKey: [...keys.users, 'of-role', role],
		queryFn: ({ pageParam, signal }) =>
			request<Page<ListedUser>>(`/admin/users${query({ role, cursor: pageParam, limit: 50 })}`, { signal }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: page => page.nextCursor ?? undefined,
	})
	return (
		<Loaded query={listed} outline={[60, 60]}>
			{({ pages }) => (
				<Stack gap="xs">
					{pages[0]?.items.length === 0 && <Text>{t(`setup.people.none.${role}`)}</Text>}
					{pages
						.flatMap(page => page.items)
						.map(user => (
							<Card key={user.id} withBorder p="sm" data-testid="colleague">
								<Group justify="space-between" gap="xs">
									<Stack gap={0} miw={180} flex={1}>
										<Title order={2} size="h5">
											{user.fullName}
										</Title>
										<Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
											{user.email}
										</Text>
									</Stack>
									<Group gap="xs">
										<State user={user} />
										{children?.(user)}
									</Group>
								</Group>
							</Card>
						))}
					<More pages={listed} />
				</Stack>
			)}
		</Loaded>
	)
}

const State = ({ user }: { user: ListedUser }) => {
	const { t } = useTranslation()
	if (user.status === 'active' && !user.invited) return null
	return (
		<Badge variant="default" tt="none" size="lg" fw={500}>
			{user.status === 'active' ? t('setup.invite.badge') : t(`admin.users.status.${user.status}`)}
		</Badge>
	)
}
