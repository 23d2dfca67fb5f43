import { type RefObject, useCallback, useRef } from 'react'
import type { Column } from './day-layout.ts'
import { firstCell, isOpen } from './navigation.ts'

/** Where the focus is to go as soon as the slots are there. */
type Errand = { to: 'first-free' } | { to: 'slot'; id: string }

/** Moves the focus among the slots of the day, now or when they have arrived. */
export const useDayFocus = (stage: RefObject<HTMLElement | null>, columns: () => readonly Column[], onNoneFree: () => void) => {
	const errand = useRef<Errand | undefined>(undefined)
	/** The column that was used last. */
	const doctorId = useRef<string | undefined>(undefined)

	const find = useCallback(
		(slotId: string) => stage.current?.querySelector<HTMLElement>(`[data-slot-id="${CSS.escape(slotId)}"]`) ?? null,
		[stage],
	)
	const focusSlot = useCallback(
		(slotId: string): boolean => {
			const slot = find(slotId)
			slot?.focus()
			return slot !== null
		},
		[find],
	)
	/** The slot that the Tab key reaches. */
	const focusDay = useCallback(() => stage.current?.querySelector<HTMLElement>('[data-slot-id][tabindex="0"]')?.focus(), [stage])

	const run = useCallback(() => {
		const wanted = errand.current
		if (!wanted) return
		const day = columns()
		const waiting = day.some(({ calendar }) => calendar.state === 'loading')
		if (wanted.to === 'slot') {
			if (focusSlot(wanted.id) || !waiting) errand.current = undefined
			return
		}
		const home = day.find(({ doctor }) => doctor.id === doctorId.current) ?? day[0]
		if (waiting && !home?.cells.some(cell => isOpen(cell, home))) return
		errand.current = undefined
		const cell = firstCell(day, doctorId.current, isOpen)
		if (cell) focusSlot(cell.slot.id)
		else onNoneFree()
	}, [columns, focusSlot, onNoneFree])

	const send = useCallback(
		(next: Errand) => {
			errand.current = next
			run()
		},
		[run],
	)
	/** The slots that are shown are on their way out: wait for those of the next day. */
	const sendAfterChange = useCallback((next: Errand) => {
		errand.current = next
	}, [])
	const cancel = useCallback(() => {
		errand.current = undefined
	}, [])
	return { doctorId, find, focusSlot, focusDay, run, send, sendAfterChange, cancel }
}
