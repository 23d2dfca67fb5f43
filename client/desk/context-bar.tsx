import { ActionIcon, Button, Kbd, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, Patient } from '../../contract/index.ts'
import { CallerData } from './caller-data.tsx'
import classes from './desk.module.css'
import type { Status } from './use-desk.ts'

type Props = {
	patient: Patient | undefined
	moving: Appointment | undefined
	/** Where the appointment that moves is now. */
	movingFrom: string
	status: Status | undefined
	onDrop: () => void
	say: (text: string, kind: Status['kind']) => void
	onErased: (patient: Patient) => void
	/** What can be done about the last act, and about the day. */
	children?: ReactNode
}

/** For whom, and what came of it last. */
export const ContextBar = ({ patient, moving, movingFrom, status, onDrop, say, onErased, children }: Props) => {
	const { t } = useTranslation()
	return (
		<div className={classes.bar}>
			<div className={classes.context}>
				{moving && (
					<>
						<Text size="sm" truncate>
							{t('desk.context.moving')} <strong data-testid="desk-caller">{moving.patientName}</strong>{' '}
							{t('desk.context.movingFrom', { time: movingFrom })}
						</Text>
						<Button size="compact-sm" variant="default" onClick={onDrop} rightSection={<Kbd size="xs">Esc</Kbd>}>
							{t('desk.context.stop')}
						</Button>
					</>
				)}
				{!moving && patient && (
					<>
						<Text size="sm" truncate>
							{t('desk.context.for')} <strong data-testid="desk-caller">{patient.fullName}</strong> <span dir="ltr">{patient.phone}</span>
						</Text>
						<CallerData key={patient.id} patient={patient} say={say} onErased={() => onErased(patient)} />
						<ActionIcon
							size="sm"
							variant="subtle"
							c="var(--mantine-color-text)"
							aria-label={t('desk.context.drop', { name: patient.fullName })}
							onClick={onDrop}
						>
							<IconX size={16} aria-hidden />
						</ActionIcon>
					</>
				)}
				{!moving && !patient && <Text size="sm">{t('desk.context.idle')}</Text>}
			</div>
			<div className={classes.status} role="status" aria-live="polite" data-kind={status?.kind} data-testid="desk-status-line">
				{status?.kind === 'done' && <IconCircleCheck size={18} aria-hidden />}
				{status?.kind === 'problem' && <IconAlertTriangle size={18} aria-hidden />}
				{status && <span>{status.text}</span>}
			</div>
			{children}
		</div>
	)
}
