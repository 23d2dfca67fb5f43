import { type ReactNode, type SyntheticEvent, useEffect, useLayoutEffect, useRef } from 'react'
import classes from './booking.module.css'
import { useWide } from './week-view.tsx'

type Props = {
	step: string
	slotId: string
	title: string
	icon: ReactNode
	onDismiss: () => void
	children: ReactNode
}

/** Steps that are one to the reader: the focus moves only from one of these to another. */
const stageOf = (step: string) => (step === 'held' || step === 'booking' || step === 'holding' ? 'confirm' : step)

/** Where the focus was before: on the slot, as long as it can take it. */
const focusCalendar = (slotId: string) => {
	const slot = document.querySelector<HTMLButtonElement>(`button[data-testid="slot"][data-slot-id="${CSS.escape(slotId)}"]:not(:disabled)`)
	;(slot ?? document.getElementById('week-name'))?.focus({ preventScroll: slot !== null })
}

/** On a phone a sheet over the page, on a desktop a card beside the week. */
export const PanelFrame = ({ step, slotId, title, icon, onDismiss, children }: Props) => {
	const wide = useWide()
	const dialog = useRef<HTMLDialogElement>(null)
	const heading = useRef<HTMLHeadingElement>(null)
	const lastSlot = useRef(slotId)
	const stage = stageOf(step)

	useLayoutEffect(() => {
		const shown = dialog.current
		if (!shown) return
		if (wide) shown.show()
		else shown.showModal()
		return () => shown.close()
	}, [wide])

	// biome-ignore lint/correctness/useExhaustiveDependencies: a new stage or slot is what moves the focus
	useEffect(() => {
		lastSlot.current = slotId
		heading.current?.focus()
		dialog.current?.scrollTo({ top: 0 })
	}, [stage, slotId, wide])

	useEffect(
		() => () => {
			requestAnimationFrame(() => focusCalendar(lastSlot.current))
		},
		[],
	)

	const cancel = (event: SyntheticEvent) => {
		// Closing is the flow's to decide: a booking on its way cannot be put away.
		event.preventDefault()
		onDismiss()
	}
	const closed = () => {
		const shown = dialog.current
		if (!shown || wide || shown.open) return
		shown.showModal()
		onDismiss()
	}

	return (
		<dialog
			ref={dialog}
			className={classes.panel}
			aria-labelledby="panel-title"
			data-testid="confirm-panel"
			data-step={step}
			onCancel={cancel}
			onClose={closed}
		>
			<h2 id="panel-title" ref={heading} tabIndex={-1} className={classes.panelTitle} data-good={step === 'booked' || undefined}>
				{icon}
				{title}
			</h2>
			{children}
		</dialog>
	)
}
