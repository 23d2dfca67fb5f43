import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Appointment, Hold, Slot } from '../../contract/index.ts'
import { newKey } from '../api/attempt.ts'
import { ApiError } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { ask } from '../api/socket.ts'
import { patiently } from './patiently.ts'

export type Wanted = Pick<Slot, 'id' | 'startsAt' | 'endsAt'>

/** Where one is on the way from a tap on a slot to an appointment. */
export type Flow =
	| { step: 'idle' }
	/** Not signed in, or not known yet: the slot is remembered. */
	| { step: 'identify'; slot: Wanted }
	/** Only patients book here. */
	| { step: 'elsewhere'; slot: Wanted }
	| { step: 'holding'; slot: Wanted }
	| { step: 'held'; slot: Wanted; hold: Hold; error?: unknown }
	| { step: 'booking'; slot: Wanted; hold: Hold; waiting: boolean }
	| { step: 'refused'; slot: Wanted; error: unknown }
	| { step: 'expired'; slot: Wanted }
	| { step: 'booked'; slot: Wanted; appointment: Appointment }

type Options = {
	/** Undefined for one slot of whatever length. */
	typeId: string | undefined
	/** The appointment to be moved; a new one is booked without. */
	moving?: Appointment | undefined
}

const holdTries = 3

const slotIsGone: ReadonlySet<string> = new Set(['slot_booked', 'slot_held', 'slot_blocked', 'slot_in_past', 'not_found', 'hold_expired'])

const isSlotGone = (error: unknown) => error instanceof ApiError && slotIsGone.has(error.code)

/** One key for one payload: repeating it is safe, another payload is another attempt. */
const createKeys = () => {
	let last: { payload: string; key: string } | undefined
	return (payload: object): string => {
		const text = JSON.stringify(payload)
		if (last?.payload !== text) last = { payload: text, key: newKey() }
		return last.key
	}
}

export const useBooking = (options: Options) => {
	const { user } = useSession()
	const queries = useQueryClient()
	const [flow, setFlow] = useState<Flow>({ step: 'idle' })
	const [keyFor] = useState(createKeys)
	/** Counts what was begun, so that an answer to something given up is not shown. */
	const begun = useRef(0)
	const latest = useRef({ flow, user, options })
	useLayoutEffect(() => {
		latest.current = { flow, user, options }
	})

	const letGo = useCallback((slotId: string) => void ask('slot:release', { slotId }).catch(() => {}), [])

	const hold = useCallback(
		async (slot: Wanted) => {
			const mine = ++begun.current
			const { flow: before, options } = latest.current
			setFlow({ step: 'holding', slot })
			if ('hold' in before && before.slot.id !== slot.id) await ask('slot:release', { slotId: before.slot.id }).catch(() => {})
			const payload = { slotId: slot.id, ...(options.typeId && { typeId: options.typeId }) }
			try {
				const { hold } = await patiently(() => ask('slot:hold', payload), { tries: holdTries })
				if (mine === begun.current) setFlow({ step: 'held', slot, hold })
				else if (!('slot' in latest.current.flow) || latest.current.flow.slot.id !== slot.id) letGo(slot.id)
			} catch (error) {
				if (mine === begun.current) setFlow({ step: 'refused', slot, error })
			}
		},
		[letGo],
	)

	const choose = useCallback(
		(slot: Wanted) => {
			const { user } = latest.current
			if (!user) setFlow({ step: 'identify', slot })
			else if (user.role !== 'patient') setFlow({ step: 'elsewhere', slot })
			else void hold(slot)
		},
		[hold],
	)

	// Whoever signs in on the way goes on with the slot that was tapped.
	useEffect(() => {
		const { flow } = latest.current
		if (user && flow.step === 'identify') choose(flow.slot)
	}, [user, choose])

	const dismiss = useCallback(() => {
		const { flow } = latest.current
		if (flow.step === 'booking') return
		begun.current++
		if (flow.step === 'held') letGo(flow.slot.id)
		setFlow({ step: 'idle' })
	}, [letGo])

	const expire = useCallback(() => {
		const { flow } = latest.current
		if (flow.step === 'held') setFlow({ step: 'expired', slot: flow.slot })
	}, [])

	/** Holds for longer. */
	const extend = useCallback(async () => {
		const { flow, options } = latest.current
		if (flow.step !== 'held') return
		try {
			const { hold } = await ask('slot:hold', { slotId: flow.slot.id, ...(options.typeId && { typeId: options.typeId }) })
			setFlow(now => (now.step === 'held' && now.slot.id === flow.slot.id ? { ...now, hold } : now))
		} catch (error) {
			setFlow(now => (now.step === 'held' ? { ...now, error } : now))
		}
	}, [])

	const confirm = useCallback(
		async (reason: string) => {
			const { flow, options } = latest.current
			if (flow.step !== 'held') return
			const { slot, hold } = flow
			const { moving, typeId } = options
			const mine = ++begun.current
			const send = async () => {
				if (moving) {
					const payload = { appointmentId: moving.id, slotId: slot.id }
					return await ask('appointment:reschedule', { ...payload, idempotencyKey: keyFor(payload) })
				}
				const payload = { slotId: slot.id, ...(typeId && { typeId }), ...(reason.trim() && { reason: reason.trim() }) }
				return await ask('appointment:book', { ...payload, idempotencyKey: keyFor(payload) })
			}
			setFlow({ step: 'booking', slot, hold, waiting: false })
			try {
				const { appointment } = await patiently(send, {
					onWait: () => mine === begun.current && setFlow({ step: 'booking', slot, hold, waiting: true }),
				})
				if (mine === begun.current) setFlow({ step: 'booked', slot, appointment })
				for (const queryKey of [['appointments'], ['appointment', appointment.id], ['next-free']])
					void queries.invalidateQueries({ queryKey })
			} catch (error) {
				if (mine !== begun.current) return
				setFlow(isSlotGone(error) ? { step: 'refused', slot, error } : { step: 'held', slot, hold, error })
			}
		},
		[keyFor, queries],
	)

	// Leaving the page lets go; what is being booked stays held until it is.
	useEffect(
		() => () => {
			begun.current++
			if (latest.current.flow.step === 'held') letGo(latest.current.flow.slot.id)
		},
		[letGo],
	)

	return useMemo(() => ({ flow, choose, hold, dismiss, expire, extend, confirm }), [flow, choose, hold, dismiss, expire, extend, confirm])
}

export type Booking = ReturnType<typeof useBooking>
