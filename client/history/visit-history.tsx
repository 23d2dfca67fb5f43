import { Button, Stack } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { HistoryItem } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import { HistoryItems } from './history-items.tsx'

/** The history of a visit, fetched when it is asked for. */
export const VisitHistory = ({ appointmentId, timeZone }: { appointmentId: string; timeZone: string | undefined }) => {
	const { t } = useTranslation()
	const [open, setOpen] = useState(false)
	const id = useId()
	return (
		<Stack gap="xs" mt="sm">
			<Button
				size="compact-sm"
				variant="default"
				style={{ alignSelf: 'flex-start' }}
				leftSection={<IconHistory size={16} aria-hidden />}
				aria-expanded={open}
				aria-controls={id}
				onClick={() => setOpen(!open)}
				data-testid="visit-history-toggle"
			>
				{t('history.show')}
			</Button>
			<div id={id}>{open && <History path={`/appointments/${appointmentId}/history`} timeZone={timeZone} />}</div>
		</Stack>
	)
}

export const History = ({ path, timeZone }: { path: string; timeZone: string | undefined }) => {
	const history = useQuery({
		queryKey: ['history', path],
		queryFn: ({ signal }) => request<{ items: HistoryItem[] }>(path, { signal }),
		staleTime: 0,
	})
	if (history.data) return <HistoryItems items={history.data.items} timeZone={timeZone} />
	if (history.error) return <ErrorMessage error={history.error} onRetry={() => void history.refetch()} />
	return <Skeletons heights={[36, 36, 36]} />
}
