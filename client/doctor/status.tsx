import { Badge } from '@mantine/core'
import { IconBan, IconCalendarEvent, IconCheck, IconDoorEnter, IconStethoscope, IconUserOff } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { AppointmentStatus } from '../../contract/index.ts'

export const statusColors: Record<AppointmentStatus, string> = {
	booked: 'teal',
	checked_in: 'blue',
	in_progress: 'violet',
	completed: 'green',
	no_show: 'orange',
	cancelled: 'gray',
}

const icons = {
	booked: IconCalendarEvent,
	checked_in: IconDoorEnter,
	in_progress: IconStethoscope,
	completed: IconCheck,
	no_show: IconUserOff,
	cancelled: IconBan,
} as const

/** A status by word and shape; its colour only helps. */
export const StatusBadge = ({ status }: { status: AppointmentStatus }) => {
	const { t } = useTranslation()
	const Icon = icons[status]
	const color = statusColors[status]
	return (
		<Badge
			variant="default"
			tt="none"
			fw={500}
			size="lg"
			leftSection={<Icon size={16} aria-hidden color={`light-dark(var(--mantine-color-${color}-8), var(--mantine-color-${color}-3))`} />}
		>
			{t(`status.${status}`)}
		</Badge>
	)
}

type Move = { to: AppointmentStatus; text: string; kind: 'main' | 'other' | 'undo' }

/** The moves that the server allows, in the order in which a day brings them. Cancelling is apart. */
export const movesFrom: Record<AppointmentStatus, readonly Move[]> = {
	booked: [
		{ to: 'checked_in', text: 'checkIn', kind: 'main' },
		{ to: 'in_progress', text: 'start', kind: 'other' },
		{ to: 'no_show', text: 'noShow', kind: 'other' },
	],
	checked_in: [
		{ to: 'in_progress', text: 'start', kind: 'main' },
		{ to: 'no_show', text: 'noShow', kind: 'other' },
		{ to: 'booked', text: 'undoCheckIn', kind: 'undo' },
	],
	in_progress: [
		{ to: 'completed', text: 'complete', kind: 'main' },
		{ to: 'checked_in', text: 'undoStart', kind: 'undo' },
	],
	completed: [{ to: 'in_progress', text: 'reopen', kind: 'undo' }],
	no_show: [{ to: 'checked_in', text: 'cameAfterAll', kind: 'other' }],
	cancelled: [],
}

export const canCancel = (status: AppointmentStatus, endsAt: string, now: number) =>
	(status === 'booked' || status === 'checked_in') && Date.parse(endsAt) > now
