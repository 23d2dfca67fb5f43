import { IconCheck, IconHourglass, IconLock } from '@tabler/icons-react'
import { memo } from 'react'
import type { Slot } from '../../contract/index.ts'
import classes from './booking.module.css'
import { Countdown } from './countdown.tsx'

/** What a slot is to the viewer. `short`: free, but with too little time after it. */
export type SlotKind = 'free' | 'short' | 'held' | 'mine' | 'booked' | 'blocked'

export const kindOf = (slot: Slot, startable: ReadonlySet<string>): SlotKind => {
	if (slot.state === 'free') return startable.has(slot.id) ? 'free' : 'short'
	return slot.state === 'held' && slot.heldByMe ? 'mine' : slot.state
}

type Props = {
	slot: Slot
	kind: SlotKind
	time: string
	/** The time on the viewer's clock, where that is another one. */
	localTime: string | undefined
	stateText: string
	/** Whether what is shown is known to be so at this moment. */
	live: boolean
	onChoose: (slot: Slot) => void
}

const StateIcon = ({ kind }: { kind: SlotKind }) => {
	if (kind === 'held') return <IconLock size={14} aria-hidden className={classes.slotIcon} />
	if (kind === 'mine') return <IconCheck size={16} aria-hidden className={classes.slotIcon} />
	if (kind === 'short') return <IconHourglass size={14} aria-hidden className={classes.slotIcon} />
	return null
}

export const SlotButton = memo(({ slot, kind, time, localTime, stateText, live, onChoose }: Props) => (
	<button
		type="button"
		className={classes.slot}
		data-testid="slot"
		data-slot-id={slot.id}
		data-state={slot.state}
		data-kind={kind}
		aria-label={[time, stateText, localTime].filter(Boolean).join(', ')}
		disabled={!live || !(kind === 'free' || kind === 'mine')}
		onClick={() => onChoose(slot)}
	>
		<span className={classes.slotTime}>
			<StateIcon kind={kind} />
			<span className={classes.slotClock}>{time}</span>
		</span>
		{kind === 'mine' && slot.heldUntil ? (
			<Countdown until={slot.heldUntil} className={classes.slotNote} />
		) : kind === 'free' ? (
			localTime && <span className={classes.slotNote}>{localTime}</span>
		) : (
			<span className={classes.slotNote}>{stateText}</span>
		)}
	</button>
))
