// biome-ignore-all lint/a11y/useSemanticElements: the day is a grid of its own making
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus is on the slots, one of which the Tab key reaches
import { ActionIcon, Group, Text, VisuallyHidden } from '@mantine/core'
import { IconAlertTriangle, IconCalendarOff, IconRefresh, IconWorld } from '@tabler/icons-react'
import { memo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useErrorText } from '../shell/messages.tsx'
import type { Column } from './day-layout.ts'
import classes from './desk.module.css'

const Note = ({ icon, children }: { icon?: ReactNode; children: ReactNode }) => (
	<div className={classes.headNote}>
		{icon}
		<span>{children}</span>
	</div>
)

/** Who a column is about. A button leads to the doctor's time off. */
export const ColumnHead = memo(({ column, index, zone }: { column: Column; index: number; zone: string | undefined }) => {
	const { t } = useTranslation()
	const errorText = useErrorText()
	const { doctor, calendar, cells } = column
	return (
		<div role="columnheader" aria-colindex={index + 2} className={classes.head} style={{ gridColumn: index + 2 }}>
			<Group justify="space-between" align="flex-start" wrap="nowrap" gap={4}>
				<Text fw={650} size="sm" lh={1.25}>
					{doctor.fullName}
				</Text>
				<ActionIcon
					component={Link}
					to={`/desk/doctors/${doctor.id}/time-off`}
					variant="subtle"
					color="gray"
					c="var(--mantine-color-text)"
					size={26}
					aria-label={t('desk.column.timeOff', { doctor: doctor.fullName })}
					title={t('desk.column.timeOff', { doctor: doctor.fullName })}
				>
					<IconCalendarOff size={16} aria-hidden />
				</ActionIcon>
			</Group>
			<Text size="xs" className={classes.dim} lh={1.3} truncate title={doctor.specialty}>
				{doctor.specialty}
			</Text>
			{zone && (
				<Text size="xs" lh={1.3} title={doctor.timeZone} className={classes.zone}>
					<IconWorld size={13} aria-hidden />
					<VisuallyHidden>{t('desk.zone')}</VisuallyHidden>
					<bdi>{zone}</bdi>
				</Text>
			)}
			{calendar.state === 'loading' && <Note>{t('app.loading')}</Note>}
			{calendar.state === 'stale' && <Note icon={<IconRefresh size={14} aria-hidden />}>{t('desk.column.stale')}</Note>}
			{calendar.state === 'failed' && <Note icon={<IconAlertTriangle size={14} aria-hidden />}>{errorText(calendar.error)}</Note>}
			{calendar.state === 'live' && cells.length === 0 && <Note>{t('desk.column.empty')}</Note>}
		</div>
	)
})
