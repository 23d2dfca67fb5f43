import { type RefObject, useEffect } from 'react'
import { isLetter, isQuestionMark, isSlash, isTyping, useCharacterKeys } from './keys.ts'

type Actions = {
	back: () => void
	toSearch: () => void
	showHelp: () => void
	changeDay: (days: 1 | -1) => void
	earliest: () => void
	goToDate: () => void
	fit: () => void
	showLine: () => void
}

/** Keys that work wherever the focus is on this screen, but not below a dialog that lies over it. */
export const useScreenKeys = (
	root: RefObject<HTMLElement | null>,
	{ back, toSearch, showHelp, changeDay, earliest, goToDate, fit, showLine }: Actions,
) => {
	const [characterKeys] = useCharacterKeys()
	useEffect(() => {
		const actionOf = (event: KeyboardEvent, target: Element) => {
			if (event.key === 'Escape') return back
			if (event.key === 'F2') return showLine
			if (characterKeys && !isTyping(target)) {
				if (isSlash(event)) return toSearch
				if (isQuestionMark(event)) return showHelp
				if (isLetter(event, 'e')) return earliest
				if (isLetter(event, 'g')) return goToDate
				if (isLetter(event, 'f')) return fit
			}
			const pages = event.key === 'PageDown' ? 1 : event.key === 'PageUp' ? -1 : undefined
			const taken = event.ctrlKey || event.altKey || event.metaKey || target.closest('select, textarea, [role=dialog]')
			return pages && !taken ? () => changeDay(pages) : undefined
		}
		const onKeyDown = (event: KeyboardEvent) => {
			const { target } = event
			if (event.defaultPrevented || !(target instanceof Element)) return
			if (target !== document.body && !root.current?.contains(target)) return
			const action = actionOf(event, target)
			if (!action) return
			event.preventDefault()
			action()
		}
		document.addEventListener('keydown', onKeyDown)
		return () => document.removeEventListener('keydown', onKeyDown)
	}, [root, back, toSearch, showHelp, changeDay, earliest, goToDate, fit, showLine, characterKeys])
}
