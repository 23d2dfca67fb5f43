import { Anchor, Button, Card, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Page, Recall } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { addDays, dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { Screen } from '../shell/layout.tsx'
import { Empty, ErrorMessage, Loading } from '../shell/messages.tsx'

/** Whom to call for an appointment that could not be booked yet. */
export default function RecallsScreen() {
	const { t } = useTranslation()
	const [which, setWhich] = useState<'due' | 'all'>('due')
	// A week ahead: some need several calls.
	const until = which === 'due' ? addDays(dateIn(Date.now(), viewerZone()), 7) : undefined
	const read = useInfiniteQuery({
		queryKey: ['recalls', until],
		queryFn: ({ pageParam, signal }) => request<Page<Recall>>(`/recalls${query({ until, cursor: pageParam })}`, { signal }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: page => page.nextCursor ?? undefined,
	})
	const recalls = read.data?.pages.flatMap(({ items }) => items) ?? []
	return (
		<Screen title={t('board.recalls.title')}>
			<Group mb="md">
				<SegmentedControl
					value={which}
					onChange={value => setWhich(value as typeof which)}
					aria-label={t('board.recalls.which')}
					data={[
						{ value: 'due', label: t('board.recalls.due') },
						{ value: 'all', label: t('board.recalls.all') },
					]}
				/>
				<Anchor component={Link} to="/desk" underline="always">
					{t('board.recalls.toDesk')}
				</Anchor>
			</Group>
			{read.isPending && <Loading onRetry={() => void read.refetch()} />}
			{read.isError && <ErrorMessage error={read.error} onRetry={() => void read.refetch()} />}
			{read.isSuccess && recalls.length === 0 && <Empty title={t('board.recalls.none')} />}
			<Stack gap="sm">
				{recalls.map(recall => (
					<RecallCard key={recall.id} recall={recall} />
				))}
			</Stack>
			{read.hasNextPage && (
				<Button mt="md" variant="default" onClick={() => void read.fetchNextPage()}>
					{t('board.recalls.more')}
				</Button>
			)}
		</Screen>
	)
}

const RecallCard = ({ recall }: { recall: Recall }) => {
	const { t } = useTranslation()
	const { dateLong } = useFormat()
	const queries = useQueryClient()
	const change = useMutation({
		mutationFn: (status: Recall['status']) => request<Recall>(`/recalls/${recall.id}`, { method: 'PATCH', body: { status } }),
		onSuccess: () => queries.invalidateQueries({ queryKey: ['recalls'] }),
	})
	const { patientName: name, phone, doctorName, note, dueOn } = recall
	return (
		<Card withBorder padding="sm" data-testid="recall">
			<Group justify="space-between" align="flex-start">
				<div>
					<Text fw={650}>{name}</Text>
					<Text size="sm">{[dateLong(dueOn), doctorName].filter(Boolean).join(' · ')}</Text>
					{phone && (
						<Anchor href={`tel:${phone.replace(/[^+0-9]/g, '')}`} size="sm" dir="ltr" underline="always">
							{phone}
						</Anchor>
					)}
					{note && <Text size="sm">{note}</Text>}
				</div>
				<Group gap="xs">
					<Button size="xs" variant="default" onClick={() => change.mutate('booked')} aria-label={t('board.recalls.bookedOf', { name })}>
						{t('board.recalls.booked')}
					</Button>
					<Button size="xs" variant="default" onClick={() => change.mutate('dropped')} aria-label={t('board.recalls.droppedOf', { name })}>
						{t('board.recalls.dropped')}
					</Button>
				</Group>
			</Group>
			{change.isError && <ErrorMessage error={change.error} />}
		</Card>
	)
}
