import { Skeleton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Navigate } from 'react-router'
import { CannotMove, isMovable, isUnknown } from '../booking/cannot-move.tsx'
import { useAppointment } from '../booking/queries.ts'
import { Screen } from '../shell/layout.tsx'
import { ErrorMessage } from '../shell/messages.tsx'

/** The way from a message to the times that a visit can be moved to. */
export const RescheduleLink = ({ appointmentId }: { appointmentId: string }) => {
	const { t } = useTranslation()
	const visit = useAppointment(appointmentId || undefined)
	if (!appointmentId || isUnknown(visit.error)) return <CannotMove why="unknown" />
	if (visit.data && !isMovable(visit.data)) return <CannotMove why="over" />
	if (visit.data) return <Navigate to={`/doctors/${visit.data.doctorId}?move=${encodeURIComponent(visit.data.id)}`} replace />
	return (
		<Screen title={t('nav.visits')}>
			{visit.error ? (
				<ErrorMessage error={visit.error} onRetry={() => void visit.refetch()} />
			) : (
				<Skeleton height={140} radius="lg" role="status" aria-label={t('app.loading')} />
			)}
		</Screen>
	)
}
