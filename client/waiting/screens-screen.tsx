import { Alert, Button, Card, Code, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Page, ScreenKind, Site, Screen as WaitingScreen } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { Screen } from '../shell/layout.tsx'
import { ErrorMessage, Loading } from '../shell/messages.tsx'

const kinds: readonly ScreenKind[] = ['wall', 'kiosk']

/** Where an admin adds and removes wall screens and kiosks, and prints the code for the door. */
export default function ScreensScreen() {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const format = useFormat(undefined)
	const sites = useQuery({ queryKey: ['sites'], queryFn: () => request<Page<Site>>('/sites?limit=200'), staleTime: 60_000 })
	const screens = useQuery({ queryKey: ['screens'], queryFn: () => request<{ items: WaitingScreen[] }>('/screens'), refetchInterval: 5000 })
	const [chosenSite, setSite] = useState('')
	const [kind, setKind] = useState<ScreenKind>('wall')
	const siteId = chosenSite || sites.data?.items[0]?.id
	const again = () => void queries.invalidateQueries({ queryKey: ['screens'] })
	const add = useMutation({
		mutationFn: () => request<WaitingScreen>('/screens', { method: 'POST', body: { siteId, kind } }),
		onSettled: again,
	})
	const remove = useMutation({ mutationFn: (id: string) => request(`/screens/${id}`, { method: 'DELETE' }), onSettled: again })
	const error = add.error ?? remove.error ?? screens.error ?? sites.error
	const siteName = (id: string) => sites.data?.items.find(site => site.id === id)?.name ?? ''
	return (
		<Screen title={t('waiting.screens.title')}>
			<Stack>
				{error && <ErrorMessage error={error} />}
				<Group align="flex-end">
					<NativeSelect
						label={t('waiting.screens.site')}
						value={siteId ?? ''}
						onChange={event => setSite(event.currentTarget.value)}
						data={(sites.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
					/>
					<NativeSelect
						label={t('waiting.screens.kind')}
						value={kind}
						onChange={event => setKind(event.currentTarget.value as ScreenKind)}
						data={kinds.map(each => ({ value: each, label: t(`waiting.screens.${each}`) }))}
					/>
					<Button onClick={() => add.mutate()} loading={add.isPending} disabled={!siteId} data-testid="add-screen">
						{t('waiting.screens.add')}
					</Button>
					{siteId && (
						<Button component={Link} to={`/admin/screens/door/${siteId}`} variant="default">
							{t('waiting.screens.door')}
						</Button>
					)}
				</Group>
				{add.data && (
					<Alert color="teal" title={t('waiting.screens.code')} role="status">
						<Code fz="xl" dir="ltr" data-testid="screen-code">
							{add.data.code}
						</Code>
						<Text mt="xs">{t('waiting.screens.codeHint', { address: `${window.location.origin}/${add.data.kind}` })}</Text>
					</Alert>
				)}
				{screens.isPending && <Loading onRetry={() => void screens.refetch()} />}
				{screens.data?.items.length === 0 && <Text>{t('waiting.screens.none')}</Text>}
				{screens.data?.items.map(screen => (
					<Card key={screen.id} withBorder padding="sm" data-testid="screen">
						<Group justify="space-between">
							<Text>
								{[
									t(`waiting.screens.${screen.kind}`),
									siteName(screen.siteId),
									screen.pairedAt
										? t('waiting.screens.paired', { time: format.dayAndTime(screen.pairedAt) })
										: t('waiting.screens.waiting'),
								].join(' · ')}
							</Text>
							<Button variant="default" onClick={() => remove.mutate(screen.id)} data-testid="remove-screen">
								{t('waiting.screens.remove')}
							</Button>
						</Group>
					</Card>
				))}
			</Stack>
		</Screen>
	)
}
