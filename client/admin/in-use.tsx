import { Alert, Anchor, List, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Appointment } from '../../contract/index.ts'
import { ApiError, request } from '../api/http.ts'
import { dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'

/** Why something was refused; where visits need it, which ones, with the way to each. */
export const Failure = ({ error }: { error: unknown }) => {
	const conflicts = error instanceof ApiError && error.code === 'in_use' ? (error.problem?.conflicts ?? []) : []
	return conflicts.length > 0 ? <InUse ids={conflicts} /> : <ErrorMessage error={error} />
}

const InUse = ({ ids }: { ids: string[] }) => {
	const { t } = useTranslation()
	return (
		<Alert color="red" role="alert" variant="light">
			<Stack gap="xs" c="var(--mantine-color-text)">
				<Text fw={650}>{t('error.in_use')}</Text>
				<Text fz="sm">{t('setup.inUse.text')}</Text>
				<Visits ids={ids} />
			</Stack>
		</Alert>
	)
}

const shownAtMost = 12

/** Visits by day and patient, each with a link to its day at the desk. */
export const Visits = ({ ids }: { ids: string[] }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const first = ids.slice(0, shownAtMost)
	const found = useQuery({
		queryKey: ['appointments', 'by-id', first],
		queryFn: ({ signal }) => Promise.all(first.map(id => request<Appointment>(`/appointments/${encodeURIComponent(id)}`, { signal }))),
		enabled: first.length > 0,
	})
	if (found.error) return <ErrorMessage error={found.error} onRetry={() => void found.refetch()} />
	if (!found.data) return <Skeleton height={24} />
	return (
		<List data-testid="visits-in-the-way">
			{found.data.map(visit => (
				<List.Item key={visit.id}>
					<Anchor component={Link} to={`/desk?date=${dateIn(visit.startsAt, viewerZone())}`} underline="always">
						{`${format.dayAndTime(visit.startsAt)} · ${visit.patientName ?? ''}`}
					</Anchor>
				</List.Item>
			))}
			{ids.length > first.length && <List.Item>{t('doctor.preview.more', { number: format.number(ids.length - first.length) })}</List.Item>}
		</List>
	)
}
