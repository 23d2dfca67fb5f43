import { Button, Group, Skeleton, Stack } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { SchedulePreview } from '../../contract/index.ts'
import { ApiError, request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { HoursPreview } from './hours-preview.tsx'
import { hoursChanged } from './queries.ts'

/** A change of hours: how to ask what it would do, and how to make it. Paths are below the doctor's. */
export type HoursChange = {
	preview: { path: string; body: object }
	save: { method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'; path: string; body?: object }
	/** What the button says that makes it. */
	action: string
	takesAway?: boolean
}

type Props = {
	doctorId: string
	timeZone: string
	change: HoursChange
	/** With the appointments that lie outside the hours now. */
	onSaved: (conflicts: string[]) => void
	onCancel: () => void
}

/** Shows what a change of hours would do to slots and appointments, and only then offers to make it. */
export const Decision = ({ doctorId, timeZone, change, onSaved, onCancel }: Props) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const textOf = useFaultText()
	const preview = useQuery({
		queryKey: ['hours-preview', doctorId, change.preview],
		queryFn: ({ signal }) =>
			request<SchedulePreview>(`/doctors/${doctorId}${change.preview.path}`, { method: 'POST', body: change.preview.body, signal }),
		staleTime: 0,
		gcTime: 0,
		refetchOnWindowFocus: false,
	})
	const save = useMutation({
		mutationFn: () => {
			const { method, path, body } = change.save
			return request<{ conflicts: string[] }>(`/doctors/${doctorId}${path}`, { method, ...(body && { body }) })
		},
		onSuccess: async ({ conflicts }) => {
			await hoursChanged(queries, doctorId)
			onSaved(conflicts)
		},
	})
	const error = save.error ?? preview.error
	return (
		<Stack data-testid="decision" aria-live="polite">
			{preview.data ? <HoursPreview preview={preview.data} timeZone={timeZone} /> : !preview.error && <Skeleton height={96} />}
			{error && <ErrorMessage error={error} text={textOf(error)} {...(preview.error && { onRetry: () => preview.refetch() })} />}
			<Group>
				{preview.data && (
					<Button size="md" loading={save.isPending} onClick={() => save.mutate()} {...(change.takesAway && { color: 'red' })}>
						{change.action}
					</Button>
				)}
				<Button size="md" variant="default" disabled={save.isPending} onClick={onCancel}>
					{t('hours.back')}
				</Button>
			</Group>
		</Stack>
	)
}

const useFaultText = () => {
	const { t } = useTranslation()
	return (error: unknown): string | undefined => {
		const paths = error instanceof ApiError ? (error.problem?.errors ?? []).map(({ path }) => path) : []
		const fault = (['validFrom', 'validUntil', 'siteId', 'ranges', 'date'] as const).find(name => paths.some(path => path.startsWith(name)))
		return fault && t(`hours.fault.${fault}`)
	}
}
