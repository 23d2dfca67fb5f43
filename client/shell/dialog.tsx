import { type ReactNode, type SyntheticEvent, useId, useLayoutEffect, useRef } from 'react'
import classes from './dialog.module.css'

type Props = {
	title: string
	/** While something is under way that must not be lost sight of. */
	busy: boolean
	onClose: () => void
	children: ReactNode
}

/** A question over the page. Escape closes it. */
export const Dialog = ({ title, busy, onClose, children }: Props) => {
	const dialog = useRef<HTMLDialogElement>(null)
	const titleId = useId()

	useLayoutEffect(() => {
		const shown = dialog.current
		shown?.showModal()
		return () => shown?.close()
	}, [])

	const onCancel = (event: SyntheticEvent) => {
		event.preventDefault()
		if (!busy) onClose()
	}

	return (
		<dialog ref={dialog} className={classes.dialog} aria-labelledby={titleId} onCancel={onCancel}>
			<h2 id={titleId} className={classes.title}>
				{title}
			</h2>
			{children}
		</dialog>
	)
}
