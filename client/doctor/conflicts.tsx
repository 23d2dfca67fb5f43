import { Anchor, List, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Appointment } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'

const shownAtMost = 12

const read = (ids: string[], signal: AbortSignal) =>
	Promise.all(ids.map(id => request<Appointment>(`/appointments/${encodeURIComponent(id)}`, { signal })))

/** Who is affected, and when: the first few by name with the way to each, and how many more there are. */
export const Conflicts = ({ ids, timeZone }: { ids: string[]; timeZone: string }) => {
	const { t } = useTranslation()
	const { user } = useSession()
	const format = useFormat(timeZone)
	const first = ids.slice(0, shownAtMost)
	const found = useQuery({
		queryKey: ['appointments', 'by-id', first],
		queryFn: ({ signal }) => read(first, signal),
		enabled: first.length > 0,
	})
	if (ids.length === 0) return <Text>{t('doctor.preview.noConflicts')}</Text>
	const dayOf = ({ startsAt }: Appointment) =>
		user?.role === 'doctor' ? `/day?date=${dateIn(startsAt, timeZone)}` : `/desk?date=${dateIn(startsAt, viewerZone())}`
	return (
		<div>
			<Text fw={650}>{t('doctor.preview.conflicts', { number: format.number(ids.length) })}</Text>
			<Text fz="sm">{t('doctor.preview.conflictsStay')}</Text>
			{found.error ? (
				<ErrorMessage error={found.error} onRetry={() => void found.refetch()} />
			) : !found.data ? (
				<Skeleton height={24} mt="xs" />
			) : (
				<List mt="xs" data-testid="conflicts">
					{found.data.map(appointment => (
						<List.Item key={appointment.id}>
							<Anchor component={Link} to={dayOf(appointment)} underline="always">
								{`${format.dayAndTime(appointment.startsAt)} · ${appointment.patientName ?? t('doctor.day.somebody')}`}
							</Anchor>
						</List.Item>
					))}
					{ids.length > first.length && (
						<List.Item>{t('doctor.preview.more', { number: format.number(ids.length - first.length) })}</List.Item>
					)}
				</List>
			)}
		</div>
	)
}
