import { Alert, Badge, Button, Card, Checkbox, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Page, Webhook, WebhookDelivery, WebhookEvent, WebhookWithSecret } from '../../contract/index.ts'
import { Confirm } from '../admin/confirm.tsx'
import { ApiError, request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage, Loading, useErrorText } from '../shell/messages.tsx'
import { Secret } from './secret.tsx'

const events: readonly WebhookEvent[] = [
	'appointment.booked',
	'appointment.rescheduled',
	'appointment.cancelled',
	'appointment.status',
	'offer.*',
	'patient.*',
]
const queryKey = ['webhooks']
const shownDeliveries = 20

/** Addresses that are told what happens. */
export function Webhooks() {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const webhooks = useQuery({ queryKey, queryFn: () => request<Page<Webhook>>('/admin/webhooks?limit=200') })
	const [shown, setShown] = useState<WebhookWithSecret>()
	const again = () => void queries.invalidateQueries({ queryKey })
	return (
		<section aria-labelledby="webhooks">
			<Stack>
				<Title order={2} id="webhooks">
					{t('doors.hooks.title')}
				</Title>
				<Text>{t('doors.hooks.about')}</Text>
				{webhooks.error && <ErrorMessage error={webhooks.error} />}
				{shown && <Secret title={shown.url} secret={shown.secret} onDone={() => setShown(undefined)} />}
				<NewWebhook
					onMade={made => {
						setShown(made)
						again()
					}}
				/>
				{webhooks.isPending && <Loading onRetry={() => void webhooks.refetch()} />}
				{webhooks.data?.items.length === 0 && <Text>{t('doors.hooks.none')}</Text>}
				{webhooks.data?.items.map(webhook => (
					<WebhookCard key={webhook.id} webhook={webhook} onSecret={setShown} onChanged={again} />
				))}
			</Stack>
		</section>
	)
}

function NewWebhook({ onMade }: { onMade: (made: WebhookWithSecret) => void }) {
	const { t } = useTranslation()
	const textOf = useErrorText()
	const [url, setUrl] = useState('')
	const [chosen, setChosen] = useState<string[]>(['appointment.booked', 'appointment.rescheduled', 'appointment.cancelled'])
	const create = useMutation({
		mutationFn: () => request<WebhookWithSecret>('/admin/webhooks', { method: 'POST', body: { url: url.trim(), events: chosen } }),
		onSuccess: made => {
			setUrl('')
			onMade(made)
		},
	})
	const submit = (event: FormEvent) => {
		event.preventDefault()
		if (url.trim() && chosen.length > 0) create.mutate()
	}
	const { error } = create
	const isAddress = error instanceof ApiError && error.code === 'invalid_input'
	return (
		<Card withBorder component="form" onSubmit={submit}>
			<Stack>
				<TextInput
					type="url"
					dir="ltr"
					label={t('doors.hooks.url')}
					placeholder="https://"
					maxLength={1000}
					value={url}
					onChange={event => setUrl(event.currentTarget.value)}
					error={isAddress ? t('doors.hooks.notPublic') : error ? textOf(error) : undefined}
					data-testid="hook-url"
				/>
				<Checkbox.Group label={t('doors.hooks.events')} value={chosen} onChange={setChosen}>
					<Stack gap="xs" mt="xs">
						{events.map(event => (
							<Checkbox key={event} value={event} label={eventText(t, event)} />
						))}
					</Stack>
				</Checkbox.Group>
				<Group>
					<Button type="submit" loading={create.isPending} disabled={!url.trim() || chosen.length === 0} data-testid="make-hook">
						{t('doors.hooks.make')}
					</Button>
				</Group>
			</Stack>
		</Card>
	)
}

const eventText = (t: (key: string) => string, event: WebhookEvent) => t(`doors.event.${event.replace('.', '_').replace('*', 'all')}`)

type CardProps = { webhook: Webhook; onSecret: (made: WebhookWithSecret) => void; onChanged: () => void }

function WebhookCard({ webhook, onSecret, onChanged }: CardProps) {
	const { t } = useTranslation()
	const format = useFormat(undefined)
	const [open, setOpen] = useState(false)
	const [removing, setRemoving] = useState(false)
	const path = `/admin/webhooks/${webhook.id}`
	const rotate = useMutation({
		mutationFn: () => request<WebhookWithSecret>(`${path}/rotate`, { method: 'POST', body: {} }),
		onSuccess: onSecret,
		onSettled: onChanged,
	})
	const enable = useMutation({
		mutationFn: (enabled: boolean) => request(path, { method: 'PATCH', body: { enabled } }),
		onSettled: onChanged,
	})
	const remove = useMutation({ mutationFn: () => request(path, { method: 'DELETE' }), onSuccess: onChanged })
	const isActive = webhook.status === 'active'
	const error = rotate.error ?? enable.error
	return (
		<Card withBorder data-testid="webhook">
			<Stack gap="sm">
				<Text fw={650} dir="ltr" ta="start" style={{ overflowWrap: 'anywhere' }}>
					{webhook.url}
				</Text>
				<Group gap={6}>
					{webhook.events.map(event => (
						<Badge key={event} variant="default" tt="none" fw={500}>
							{eventText(t, event)}
						</Badge>
					))}
				</Group>
				{!isActive && webhook.disabledBecause && (
					<Alert color="yellow" variant="light" data-testid="hook-disabled">
						<Text c="var(--mantine-color-text)">{t(`doors.hooks.because.${webhook.disabledBecause}`)}</Text>
					</Alert>
				)}
				{isActive && webhook.failingSince && <Text>{t('doors.hooks.failing', { time: format.dayAndTime(webhook.failingSince) })}</Text>}
				{error && <ErrorMessage error={error} />}
				<Group gap="xs">
					<Button variant="default" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="show-deliveries">
						{t('doors.hooks.deliveries')}
					</Button>
					<Button variant="default" loading={rotate.isPending} onClick={() => rotate.mutate()}>
						{t('doors.rotate')}
					</Button>
					<Button variant="default" loading={enable.isPending} onClick={() => enable.mutate(!isActive)}>
						{t(isActive ? 'doors.hooks.pause' : 'doors.hooks.resume')}
					</Button>
					<Button variant="default" onClick={() => setRemoving(true)}>
						{t('doors.hooks.remove')}
					</Button>
				</Group>
				{open && <Deliveries path={`${path}/deliveries`} />}
			</Stack>
			<Confirm
				opened={removing}
				title={t('doors.hooks.removeTitle')}
				text={t('doors.hooks.removeText')}
				action={t('doors.hooks.remove')}
				doing={remove}
				onConfirm={() => remove.mutate()}
				onClose={() => setRemoving(false)}
			/>
		</Card>
	)
}

function Deliveries({ path }: { path: string }) {
	const { t } = useTranslation()
	const format = useFormat(undefined)
	const deliveries = useQuery({
		queryKey: ['deliveries', path],
		queryFn: () => request<Page<WebhookDelivery>>(`${path}?limit=${shownDeliveries}`),
		refetchInterval: 5000,
	})
	const replay = useMutation({
		mutationFn: (id: string) => request(`${path}/${id}/replay`, { method: 'POST' }),
		onSettled: () => void deliveries.refetch(),
	})
	const error = deliveries.error ?? replay.error
	if (error) return <ErrorMessage error={error} />
	if (!deliveries.data) return <Loading />
	if (deliveries.data.items.length === 0) return <Text>{t('doors.hooks.noDeliveries')}</Text>
	return (
		<Table.ScrollContainer
			minWidth={620}
			scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('doors.hooks.deliveries') } }}
		>
			<Table>
				<Table.Thead>
					<Table.Tr>
						{['event', 'status', 'attempts', 'answer', 'action'].map(column => (
							<Table.Th key={column} scope="col">
								{t(`doors.column.${column}`)}
							</Table.Th>
						))}
					</Table.Tr>
				</Table.Thead>
				<Table.Tbody>
					{deliveries.data.items.map(({ id, event, status, attempts, answerCode, error: reason, createdAt }) => (
						<Table.Tr key={id} data-testid="delivery" data-status={status}>
							<Table.Td>
								<Text fz="sm" dir="ltr" ta="start">
									{event}
								</Text>
								<Text fz="sm">{format.dayAndTime(createdAt)}</Text>
							</Table.Td>
							<Table.Td>{t(`doors.status.${status}`)}</Table.Td>
							<Table.Td>{format.number(attempts)}</Table.Td>
							<Table.Td dir="ltr">{answerCode ?? reason ?? '–'}</Table.Td>
							<Table.Td>
								<Button variant="default" disabled={status === 'due'} onClick={() => replay.mutate(id)} data-testid="replay">
									{t('doors.hooks.replay')}
								</Button>
							</Table.Td>
						</Table.Tr>
					))}
				</Table.Tbody>
			</Table>
		</Table.ScrollContainer>
	)
}
