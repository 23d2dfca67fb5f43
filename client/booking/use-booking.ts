import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Appointment } from '../../contract/index.ts'
import { useSession } from '../api/session.tsx'
import { type Taking, useTaking, type Wanted } from './use-taking.ts'

/** Where a patient is on the way from a tap on a slot to an appointment. */
export type Flow =
	| { step: 'idle' }
	/** Not signed in, or not known yet: the slot is remembered. */
	| { step: 'identify'; slot: Wanted }
	/** Only patients book here. */
	| { step: 'elsewhere'; slot: Wanted }
	| Taking

type Options = {
	/** Undefined for one slot of whatever length. */
	typeId: string | undefined
	/** The appointment to be moved; a new one is booked without. */
	moving?: Appointment | undefined
}

export type Booking = ReturnType<typeof useBooking>

export function useBooking(options: Options) {
	const { user } = useSession()
	const { taking, hold: holdFor, extend, book, expire, drop } = useTaking<Wanted>()
	const [stopped, setStopped] = useState<Flow & { step: 'identify' | 'elsewhere' }>()
	const flow: Flow = stopped ?? taking ?? { step: 'idle' }
	const latest = useRef({ flow, user, options })
	useLayoutEffect(() => {
		latest.current = { flow, user, options }
	})

	const hold = useCallback(
		(slot: Wanted) => {
			setStopped(undefined)
			return holdFor(slot, latest.current.options.typeId)
		},
		[holdFor],
	)

	const choose = useCallback(
		(slot: Wanted) => {
			const { user } = latest.current
			if (!user) setStopped({ step: 'identify', slot })
			else if (user.role !== 'patient') setStopped({ step: 'elsewhere', slot })
			else void hold(slot)
		},
		[hold],
	)

	// A visitor who signs in on the way goes on with the slot that was tapped.
	useEffect(() => {
		const { flow } = latest.current
		if (user && flow.step === 'identify') choose(flow.slot)
	}, [user, choose])

	const dismiss = useCallback(() => {
		if (latest.current.flow.step === 'booking') return
		setStopped(undefined)
		drop()
	}, [drop])

	const confirm = useCallback(
		(reason: string) => {
			const { moving } = latest.current.options
			return book(moving ? { moving } : { reason })
		},
		[book],
	)

	return useMemo(() => ({ flow, choose, hold, dismiss, expire, extend, confirm }), [flow, choose, hold, dismiss, expire, extend, confirm])
}
