// biome-ignore-all lint/a11y/useSemanticElements: a table cannot hold slots of different lengths side by side
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus is on the slots, one of which the Tab key reaches
import {
	IconBan,
	IconCheck,
	IconClock,
	IconDoor,
	IconHourglass,
	IconLock,
	IconPlus,
	IconProgress,
	IconRefresh,
	IconUserCheck,
	IconUserX,
} from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { type CSSProperties, memo, type Ref } from 'react'
import type { AppointmentStatus } from '../../contract/index.ts'
import type { Cell } from './day-layout.ts'
import classes from './desk.module.css'

export const statusIcons: Record<AppointmentStatus, typeof IconCheck> = {
	booked: IconUserCheck,
	checked_in: IconDoor,
	in_progress: IconProgress,
	completed: IconCheck,
	no_show: IconUserX,
	cancelled: IconBan,
}

/** `clock` is the time as the cell shows it: whether it is morning stands at the hours on the left. */
export type CellTexts = { t: TFunction; time: (minute: number) => string; clock: (minute: number) => string }

/** The kind of appointment and its colour, and why the patient comes. */
export type TileVisit = { kind: string | undefined; color: string | undefined; reason: string | undefined }

type Props = {
	cell: Cell
	doctorName: string
	doctorId: string
	column: number
	line: number
	lines: number
	/** Too low for more than two narrow lines. */
	compact: boolean
	/** Room for one line of small print only. */
	tiny: boolean
	/** What is known of the visit besides the name. */
	visit: TileVisit | undefined
	/** Changes of this calendar arrive. */
	live: boolean
	past: boolean
	/** Belongs to the same visit as the slot above. */
	continues: boolean
	/** The one slot that the Tab key reaches. */
	tabbable: boolean
	/** What the open panel is about. */
	current: boolean
	texts: CellTexts
}

const look = ({ cell: { slot }, live, past, continues, texts: { t } }: Props) => {
	const { state, appointment, heldBy, heldByMe } = slot
	if (state === 'booked') {
		if (!appointment) return { Icon: IconLock, title: t('state.booked'), note: '' }
		const note = continues ? t('desk.slot.continues') : t(`status.${appointment.status}`)
		return { Icon: statusIcons[appointment.status], title: appointment.patientName, note }
	}
	if (state === 'held') {
		if (heldByMe) return { Icon: IconClock, title: t('state.heldByMe'), note: '' }
		return { Icon: IconHourglass, title: heldBy ? t('desk.slot.heldBy', { name: heldBy.name }) : t('state.held'), note: '' }
	}
	if (state === 'blocked') return { Icon: IconBan, title: t('board.blocked'), note: '' }
	// What is not known to be free is not called free.
	if (!live) return { Icon: IconRefresh, title: t('desk.slot.stale'), note: '' }
	return past ? { Icon: undefined, title: t('desk.slot.past'), note: '' } : { Icon: IconPlus, title: t('state.free'), note: '' }
}

/** The widest first line that a visit can have in this language: columns are as wide, so that no word is cut. */
export const WidestLine = ({ texts: { t, clock }, ref }: { texts: CellTexts; ref: Ref<HTMLDivElement> }) => (
	<div aria-hidden className={classes.widest} ref={ref}>
		{[...Object.keys(statusIcons).map(status => t(`status.${status}`)), t('desk.slot.continues')].map(note => (
			<div key={note} className={classes.line}>
				<span className={classes.time}>{clock(0)}</span>
				<IconCheck size={14} aria-hidden className={classes.icon} />
				<span>{note}</span>
			</div>
		))}
	</div>
)

/** One slot. Its state is told by a word and a sign; the colour only repeats it. */
export const SlotCell = memo((props: Props) => {
	const { cell, doctorName, doctorId, column, line, lines, compact, tiny, visit, live, past, tabbable, current, texts } = props
	const { slot, minute } = cell
	const { Icon, title, note } = look(props)
	const time = texts.time(minute)
	const actionable =
		live && (slot.state === 'booked' ? slot.appointment !== undefined : (slot.state === 'free' && !past) || slot.heldByMe === true)
	const label = [
		doctorName,
		time,
		title,
		note,
		visit?.kind,
		visit?.reason,
		slot.state === 'booked' && past && texts.t('desk.slot.past'),
		!live && slot.state !== 'free' && texts.t('desk.slot.stale'),
	]
	return (
		<div
			role="gridcell"
			aria-colindex={column + 2}
			className={classes.cell}
			style={{ gridColumn: column + 2, gridRow: `${line} / span ${lines}` }}
		>
			<button
				type="button"
				className={classes.slot}
				tabIndex={tabbable ? 0 : -1}
				aria-label={label.filter(Boolean).join(', ')}
				aria-disabled={!actionable || undefined}
				data-testid="desk-slot"
				data-slot-id={slot.id}
				data-doctor-id={doctorId}
				data-state={slot.state}
				data-compact={compact || undefined}
				data-tiny={tiny || undefined}
				data-past-free={(slot.state === 'free' && past) || undefined}
				data-mine={slot.heldByMe || undefined}
				data-past={past || undefined}
				data-stale={!live || undefined}
				data-status={slot.appointment?.status}
				data-current={current || undefined}
				style={visit?.color ? ({ '--slot-kind': visit.color } as CSSProperties) : undefined}
				data-kind={visit?.color && slot.state === 'booked' ? '' : undefined}
				title={visit && [title, visit.kind, visit.reason].filter(Boolean).join(' · ')}
			>
				<span className={classes.time}>{texts.clock(minute)}</span>
				{Icon && <Icon size={14} aria-hidden className={classes.icon} />}
				{note && (
					<span className={classes.note} data-part="note">
						{note}
					</span>
				)}
				<span className={classes.title}>{title}</span>
				{visit && !props.continues && (visit.reason || visit.kind) && (
					<span className={classes.about} data-part="about">
						{[visit.kind, visit.reason].filter(Boolean).join(' · ')}
					</span>
				)}
			</button>
		</div>
	)
})
