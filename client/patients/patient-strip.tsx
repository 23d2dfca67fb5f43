import { Badge, Button, Kbd } from '@mantine/core'
import { IconAlertTriangle, IconId } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../i18n/format.ts'
import classes from './patients.module.css'
import { ageOf, usePatient } from './use-patient.ts'

/** What the desk should know of the chosen patient at a glance; the card has the rest. */
export const PatientStrip = ({ patientId, onOpen }: { patientId: string; onOpen: () => void }) => {
	const { t } = useTranslation()
	const { data: card } = usePatient(patientId)
	const next = useFormat(card?.nextVisit?.timeZone)
	const last = useFormat(card?.lastVisit?.timeZone)
	const format = useFormat()
	return (
		<section className={classes.strip} aria-label={t('patients.card.title')} data-testid="patient-strip">
			<Button
				size="compact-sm"
				variant="default"
				leftSection={<IconId size={16} aria-hidden />}
				rightSection={<Kbd size="xs">P</Kbd>}
				aria-keyshortcuts="P"
				aria-haspopup="dialog"
				onClick={onOpen}
				data-testid="patient-card-open"
			>
				{t('patients.card.open')}
			</Button>
			{card?.birthDate && (
				<span>
					{format.dateNumeric(card.birthDate)} ({t('patients.card.age', { count: ageOf(card.birthDate) })})
				</span>
			)}
			{card?.email && <bdi>{card.email}</bdi>}
			{card && (
				<span>
					{card.nextVisit
						? t('patients.card.nextIs', { time: next.dayAndTime(card.nextVisit.startsAt), doctor: card.nextVisit.doctorName })
						: t('patients.card.noNextIs')}
				</span>
			)}
			{card?.lastVisit && <span>{t('patients.card.lastIs', { time: last.shortDay(card.lastVisit.startsAt) })}</span>}
			{card && card.noShows > 0 && <Warning text={t('patients.card.noShows', { count: card.noShows })} />}
			{card && card.cancelledLate > 0 && <Warning text={t('patients.card.late', { count: card.cancelledLate })} />}
			{card && !card.mayBookOnline && <Warning text={t('patients.card.onlineOff')} />}
			{card?.tags.map(tag => (
				<Badge key={tag} variant="default" tt="none">
					{tag}
				</Badge>
			))}
			{card?.notes && (
				<span className={classes.note} title={card.notes}>
					{card.notes}
				</span>
			)}
		</section>
	)
}

const Warning = ({ text }: { text: string }) => (
	<span className={classes.warning}>
		<IconAlertTriangle size={16} aria-hidden />
		{text}
	</span>
)
