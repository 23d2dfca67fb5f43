import { Badge, Button, Card, Checkbox, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ApiClient, ApiClientWithKey, Page, Scope } from '../../contract/index.ts'
import { Confirm } from '../admin/confirm.tsx'
import { request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage, Loading } from '../shell/messages.tsx'
import { Secret } from './secret.tsx'

const scopes: readonly Scope[] = ['calendar:read', 'appointments:read', 'appointments:write', 'patients:read', 'patients:write']
const queryKey = ['api-clients']

/** Programs with a key of their own. */
export function ApiKeys() {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const clients = useQuery({ queryKey, queryFn: () => request<Page<ApiClient>>('/admin/api-clients?limit=200') })
	const [shown, setShown] = useState<ApiClientWithKey>()
	const [revoking, setRevoking] = useState<ApiClient>()
	const again = () => void queries.invalidateQueries({ queryKey })
	const rotate = useMutation({
		mutationFn: ({ id }: ApiClient) => request<ApiClientWithKey>(`/admin/api-clients/${id}/rotate`, { method: 'POST', body: {} }),
		onSuccess: setShown,
		onSettled: again,
	})
	const revoke = useMutation({
		mutationFn: ({ id }: ApiClient) => request(`/admin/api-clients/${id}`, { method: 'DELETE' }),
		onSuccess: () => setRevoking(undefined),
		onSettled: again,
	})
	const error = clients.error ?? rotate.error
	return (
		<section aria-labelledby="api-keys">
			<Stack>
				<Title order={2} id="api-keys">
					{t('doors.keys.title')}
				</Title>
				<Text>{t('doors.keys.about')}</Text>
				{error && <ErrorMessage error={error} />}
				{shown && <Secret title={shown.name} secret={shown.key} onDone={() => setShown(undefined)} />}
				<NewKey
					onMade={made => {
						setShown(made)
						again()
					}}
				/>
				{clients.isPending && <Loading onRetry={() => void clients.refetch()} />}
				{clients.data?.items.length === 0 && <Text>{t('doors.keys.none')}</Text>}
				{clients.data?.items.map(client => (
					<Key key={client.id} client={client} onRotate={() => rotate.mutate(client)} onRevoke={() => setRevoking(client)} />
				))}
			</Stack>
			{revoking && (
				<Confirm
					opened
					title={t('doors.keys.revokeTitle', { name: revoking.name })}
					text={t('doors.keys.revokeText')}
					action={t('doors.keys.revoke')}
					doing={revoke}
					onConfirm={() => revoke.mutate(revoking)}
					onClose={() => setRevoking(undefined)}
				/>
			)}
		</section>
	)
}

function NewKey({ onMade }: { onMade: (made: ApiClientWithKey) => void }) {
	const { t } = useTranslation()
	const [name, setName] = useState('')
	const [granted, setGranted] = useState<string[]>(['calendar:read'])
	const create = useMutation({
		mutationFn: () => request<ApiClientWithKey>('/admin/api-clients', { method: 'POST', body: { name: name.trim(), scopes: granted } }),
		onSuccess: made => {
			setName('')
			onMade(made)
		},
	})
	const submit = (event: FormEvent) => {
		event.preventDefault()
		if (name.trim() && granted.length > 0) create.mutate()
	}
	return (
		<Card withBorder component="form" onSubmit={submit}>
			<Stack>
				<TextInput
					label={t('doors.keys.name')}
					value={name}
					maxLength={100}
					onChange={event => setName(event.currentTarget.value)}
					data-testid="key-name"
				/>
				<Checkbox.Group label={t('doors.keys.scopes')} value={granted} onChange={setGranted}>
					<Stack gap="xs" mt="xs">
						{scopes.map(scope => (
							<Checkbox key={scope} value={scope} label={t(`doors.scope.${scope.replace(':', '_')}`)} />
						))}
					</Stack>
				</Checkbox.Group>
				{create.error && <ErrorMessage error={create.error} />}
				<Group>
					<Button type="submit" loading={create.isPending} disabled={!name.trim() || granted.length === 0} data-testid="make-key">
						{t('doors.keys.make')}
					</Button>
				</Group>
			</Stack>
		</Card>
	)
}

function Key({ client, onRotate, onRevoke }: { client: ApiClient; onRotate: () => void; onRevoke: () => void }) {
	const { t } = useTranslation()
	const format = useFormat(undefined)
	return (
		<Card withBorder data-testid="api-key">
			<Stack gap="xs">
				<Group justify="space-between">
					<Text fw={650} style={{ overflowWrap: 'anywhere' }}>
						{client.name}
					</Text>
					<Group gap="xs">
						<Button variant="default" onClick={onRotate} data-testid="rotate-key">
							{t('doors.rotate')}
						</Button>
						<Button variant="default" onClick={onRevoke} data-testid="revoke-key">
							{t('doors.keys.revoke')}
						</Button>
					</Group>
				</Group>
				<Group gap={6}>
					{client.scopes.map(scope => (
						<Badge key={scope} variant="default" tt="none" fw={500}>
							{t(`doors.scope.${scope.replace(':', '_')}`)}
						</Badge>
					))}
				</Group>
				<Text fz="sm">
					{client.lastUsedAt ? t('doors.keys.lastUsed', { time: format.dayAndTime(client.lastUsedAt) }) : t('doors.keys.neverUsed')}
					{client.expiresAt && ` · ${t('doors.keys.expires', { time: format.dayAndTime(client.expiresAt) })}`}
				</Text>
			</Stack>
		</Card>
	)
}
