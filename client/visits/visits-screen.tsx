import { Button, Tabs } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import type { Appointment } from '../../contract/index.ts'
import { useAppointmentTypes } from '../booking/queries.ts'
import { Screen } from '../shell/layout.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import { CancelDialog } from './cancel-dialog.tsx'
import { RescheduleLink } from './reschedule-link.tsx'
import { useDoctorsOf, useLiveVisits, useVisits, type VisitList } from './use-visits.ts'
import { VisitCard } from './visit-card.tsx'
import classes from './visits.module.css'

const shownAtOnce = 20

const Visits = ({ list }: { list: VisitList }) => {
	const { t } = useTranslation()
	const visits = useVisits(list)
	const types = useAppointmentTypes()
	const [limit, setLimit] = useState(shownAtOnce)
	const [cancelling, setCancelling] = useState<Appointment>()
	const shown = (visits.data ?? []).slice(0, limit)
	const doctors = useDoctorsOf(shown)

	if (visits.isPending) return <Skeletons heights={[140, 140]} />
	if (!visits.data) return <ErrorMessage error={visits.error} onRetry={() => void visits.refetch()} />
	if (shown.length === 0) {
		return (
			<Empty title={t(`visits.none.${list}`)}>
				<Button component={Link} to="/" size="md" mt="sm">
					{t('nav.find')}
				</Button>
			</Empty>
		)
	}
	return (
		<>
			<ul className={classes.list} aria-label={t(`visits.${list}`)}>
				{shown.map(visit => (
					<VisitCard
						key={visit.id}
						visit={visit}
						doctor={doctors.get(visit.doctorId)}
						type={types.data?.find(({ id }) => id === visit.typeId)}
						onCancel={list === 'upcoming' ? setCancelling : undefined}
					/>
				))}
			</ul>
			{visits.data.length > limit && (
				<Button variant="default" size="md" mt="md" fullWidth onClick={() => setLimit(limit + shownAtOnce)}>
					{t('app.more')}
				</Button>
			)}
			{cancelling && <CancelDialog visit={cancelling} doctor={doctors.get(cancelling.doctorId)} onClose={() => setCancelling(undefined)} />}
		</>
	)
}

const MyVisits = () => {
	const { t } = useTranslation()
	useLiveVisits()
	return (
		<Screen title={t('nav.visits')}>
			<Tabs defaultValue="upcoming" keepMounted={false}>
				<Tabs.List mb="md">
					{(['upcoming', 'past'] as const).map(list => (
						<Tabs.Tab key={list} value={list} mih={44}>
							{t(`visits.${list}`)}
						</Tabs.Tab>
					))}
				</Tabs.List>
				{(['upcoming', 'past'] as const).map(list => (
					<Tabs.Panel key={list} value={list}>
						<Visits list={list} />
					</Tabs.Panel>
				))}
			</Tabs>
		</Screen>
	)
}

const VisitsScreen = () => {
	const [parameters] = useSearchParams()
	const moveId = parameters.get('reschedule')
	return moveId === null ? <MyVisits /> : <RescheduleLink appointmentId={moveId} />
}

export default VisitsScreen
