import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Appointment } from '../../contract/index.ts'
import type { ApiError } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { forgetReason } from './typed-reason.ts'
import { type GuestHold, useGuestHold } from './use-guest-hold.ts'
import { type Taking, useTaking, type Wanted } from './use-taking.ts'

/** Where a patient is on the way from a tap on a slot to an appointment. */
export type Flow =
	| { step: 'idle' }
	/** Not signed in, or not known yet. The slot is held while a newcomer signs up. */
	| { step: 'identify'; slot: Wanted; guest: GuestHold }
	/** The slot was lost while a newcomer signed up. */
	| { step: 'refused'; slot: Wanted; error: ApiError }
	/** Only patients book here. */
	| { step: 'elsewhere'; slot: Wanted }
	| Taking

type Stopped = { step: 'identify' | 'elsewhere'; slot: Wanted }

type Options = {
	/** Undefined for one slot of whatever length. */
	typeId: string | undefined
	/** The appointment to be moved; a new one is booked without. */
	moving?: Appointment | undefined
}

export type Booking = ReturnType<typeof useBooking>

export function useBooking(options: Options) {
	const { user } = useSession()
	const { taking, hold: holdFor, adopt, extend, book, expire, drop } = useTaking<Wanted>()
	const { guest, hold: holdAsGuest, claim, drop: dropGuest } = useGuestHold()
	const [stopped, setStopped] = useState<Stopped>()
	const flow = flowOf(stopped, guest, taking)
	const latest = useRef({ flow, user, options })
	useLayoutEffect(() => {
		latest.current = { flow, user, options }
	})

	const hold = useCallback(
		async (slot: Wanted) => {
			const { options } = latest.current
			const claimed = await claim()
			setStopped(undefined)
			if (claimed && claimed.slotId === slot.id) adopt(slot, options.typeId, claimed)
			else await holdFor(slot, options.typeId)
		},
		[adopt, claim, holdFor],
	)

	const choose = useCallback(
		(slot: Wanted) => {
			const { user, options } = latest.current
			if (!user) {
				setStopped({ step: 'identify', slot })
				if (user === null) void holdAsGuest(slot, options.typeId)
			} else if (user.role !== 'patient') setStopped({ step: 'elsewhere', slot })
			else void hold(slot)
		},
		[hold, holdAsGuest],
	)

	/** Asks for a newcomer's hold again, as when its time is over or another person seems to have taken the slot. */
	const holdOn = useCallback(() => {
		const { flow, options } = latest.current
		if (flow.step === 'identify') void holdAsGuest(flow.slot, options.typeId)
	}, [holdAsGuest])

	// A visitor who signs in on the way goes on with the slot that was tapped. Who turns out to be no account is a newcomer.
	useEffect(() => {
		const { flow } = latest.current
		if (user !== undefined && flow.step === 'identify') choose(flow.slot)
	}, [user, choose])

	const dismiss = useCallback(() => {
		if (latest.current.flow.step === 'booking') return
		setStopped(undefined)
		dropGuest()
		drop()
	}, [drop, dropGuest])

	const confirm = useCallback(
		async (reason: string) => {
			const { moving } = latest.current.options
			const settled = await book(moving ? { moving } : { reason })
			if (settled?.outcome.step === 'booked') forgetReason()
		},
		[book],
	)

	return useMemo(
		() => ({ flow, choose, hold, holdOn, dismiss, expire, extend, confirm }),
		[flow, choose, hold, holdOn, dismiss, expire, extend, confirm],
	)
}

function flowOf(stopped: Stopped | undefined, guest: GuestHold, taking: Taking | undefined): Flow {
	if (!stopped) return taking ?? { step: 'idle' }
	const { step, slot } = stopped
	if (step === 'elsewhere') return { step, slot }
	return guest.state === 'lost' ? { step: 'refused', slot, error: guest.error } : { step, slot, guest }
}
