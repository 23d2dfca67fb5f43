import { useCallback, useEffect, useRef, useState } from 'react'
import type { Appointment } from '../../contract/index.ts'
import { createAttempts } from '../api/attempt.ts'
import { request } from '../api/http.ts'
import { isLetter, isTyping } from './keys.ts'

/** As long as the server lets an act be undone, less the way to it. */
const offeredMs = 10_000

type Undone = { onUndone: (appointment: Appointment) => void; onRefused: (error: unknown) => void }

/** Offers to take back what was just done to a visit, for ten seconds: by the button, by Z, or by Ctrl and Z. */
export function useUndo({ onUndone, onRefused }: Undone) {
	const [offered, setOffered] = useState<{ appointmentId: string }>()
	const [attempt] = useState(createAttempts)
	const callbacks = useRef({ onUndone, onRefused })
	useEffect(() => {
		callbacks.current = { onUndone, onRefused }
	})

	useEffect(() => {
		if (!offered) return
		const timer = setTimeout(() => setOffered(undefined), offeredMs)
		return () => clearTimeout(timer)
	}, [offered])

	const undo = useCallback(async () => {
		if (!offered) return
		setOffered(undefined)
		const path = `/appointments/${offered.appointmentId}/undo`
		try {
			callbacks.current.onUndone(await attempt(offered, key => request<Appointment>(path, { method: 'POST', body: {}, key })))
		} catch (error) {
			callbacks.current.onRefused(error)
		}
	}, [attempt, offered])

	useEffect(() => {
		if (!offered) return
		const onKeyDown = (event: KeyboardEvent) => {
			const { target } = event
			// In an empty box there is nothing else to take back.
			const isFree = !isTyping(target) || (target instanceof HTMLInputElement && target.value === '' && (event.ctrlKey || event.metaKey))
			const isUndo = isLetter(event, 'z') || ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z')
			if (event.defaultPrevented || event.repeat || !isFree || !isUndo) return
			event.preventDefault()
			void undo()
		}
		document.addEventListener('keydown', onKeyDown)
		return () => document.removeEventListener('keydown', onKeyDown)
	}, [offered, undo])

	return { isOffered: offered !== undefined, offer: useCallback((appointmentId: string) => setOffered({ appointmentId }), []), undo }
}
