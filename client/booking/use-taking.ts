import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Appointment, Hold, Slot } from '../../contract/index.ts'
import { type Attempt, createAttempts, patiently } from '../api/attempt.ts'
import { ApiError, errorProperties } from '../api/http.ts'
import { ask } from '../api/socket.ts'

export type Wanted = Pick<Slot, 'id' | 'startsAt' | 'endsAt'>

/**
 * A slot on its way from a tap to an appointment.
 *
 * - `holding`: the hold is asked for. `hold` is the one that the same slot already has, when only the length changes.
 * - `held`: no other person can take the slot. `error` says why the last try to book it did not succeed.
 * - `booking`: sent. `isWaiting` when the server has not known the outcome yet, and the request is repeated.
 * - `refused`: the slot cannot be had. With `hold` it is still held as it was, only not as long as was asked for.
 * - `expired`: the hold ran out before the slot was booked.
 * - `booked`: there is an appointment.
 */
export type Taking<S extends Wanted = Wanted> = { slot: S; typeId: string | undefined } & (
	| { step: 'holding'; hold: Hold | undefined }
	| { step: 'held'; hold: Hold; error: ApiError | undefined }
	| { step: 'booking'; hold: Hold; isWaiting: boolean }
	| { step: 'refused'; hold: Hold | undefined; error: ApiError }
	| { step: 'expired' }
	| { step: 'booked'; appointment: Appointment }
)

/** What a held slot is for: an appointment that moves there, or a new one. Without `patientId`, for the person who books. */
export type Order = { moving: Appointment } | { patientId?: string; reason: string }

type Outcome<S extends Wanted> = Taking<S> & { step: 'booked' | 'refused' | 'held' }

const holdTries = 3

/** Holds a slot and then books it: one at a time, as patients and the desk do alike. */
export function useTaking<S extends Wanted>() {
	const queries = useQueryClient()
	const [taking, show] = useState<Taking<S>>()
	const [attempt] = useState(createAttempts)
	/** The state as it is now, for answers that come after the next key press, and for a second tap before the next drawing. */
	const now = useRef<Taking<S> | undefined>(undefined)

	const set = useCallback((next: Taking<S> | undefined) => {
		now.current = next
		show(next)
	}, [])

	/**
	 * Holds a slot in place of the one before, or the same slot for another type of appointment.
	 *
	 * @returns whether it is held now, and still wanted
	 */
	const hold = useCallback(
		async (slot: S, typeId?: string): Promise<boolean> => {
			const before = now.current
			const isSame = before?.slot.id === slot.id
			if (isSame && before.step === 'holding' && before.typeId === typeId) return false
			const kept = isSame ? heldBy(before) : undefined
			const asked: Taking<S> = { step: 'holding', slot, typeId, hold: kept }
			set(asked)
			if (!isSame) await letGo(before)
			if (now.current !== asked) return false
			try {
				const { hold } = await patiently(() => askForHold(slot, typeId), { tries: holdTries })
				if (now.current === asked) {
					set({ step: 'held', slot, typeId, hold, error: undefined })
					return true
				}
				if (now.current?.slot.id !== slot.id) void release(slot)
			} catch (error) {
				if (now.current === asked) set({ step: 'refused', slot, typeId, hold: kept, error: asApiError(error) })
			}
			return false
		},
		[set],
	)

	/** Goes on with a hold that exists already. */
	const adopt = useCallback(
		(slot: S, typeId: string | undefined, hold: Hold) => {
			if (now.current && now.current.slot.id !== slot.id) void letGo(now.current)
			set({ step: 'held', slot, typeId, hold, error: undefined })
		},
		[set],
	)

	/** Holds for longer. */
	const extend = useCallback(async () => {
		const held = now.current
		if (held?.step !== 'held') return
		try {
			const { hold } = await askForHold(held.slot, held.typeId)
			if (now.current === held) set({ ...held, hold })
		} catch (error) {
			if (now.current === held) set({ ...held, error: asApiError(error) })
		}
	}, [set])

	/**
	 * Books the held slot; does nothing, and returns nothing, when none is held.
	 *
	 * @returns what came of it, and whether it is shown: not when the person has gone on to something else meanwhile
	 */
	const book = useCallback(
		async (order: Order): Promise<{ outcome: Outcome<S>; isShown: boolean } | undefined> => {
			const held = now.current
			if (held?.step !== 'held') return
			const { slot, typeId, hold } = held
			let current: Taking<S> = { step: 'booking', slot, typeId, hold, isWaiting: false }
			set(current)
			const goOn = (next: Taking<S>) => {
				if (now.current === current) set(next)
				current = next
			}
			const onWait = () => goOn({ step: 'booking', slot, typeId, hold, isWaiting: true })
			const outcome = await send({ slot, typeId, order, attempt, onWait }).then(
				(appointment): Outcome<S> => ({ step: 'booked', slot, typeId, appointment }),
				(thrown): Outcome<S> => {
					const error = asApiError(thrown)
					if (!errorProperties(error).losesSlot) return { step: 'held', slot, typeId, hold, error }
					// What is left of the hold would only count against the limit.
					void release(slot)
					return { step: 'refused', slot, typeId, hold: undefined, error }
				},
			)
			goOn(outcome)
			if (outcome.step === 'booked') {
				for (const queryKey of [['appointments'], ['appointment', outcome.appointment.id], ['next-free']])
					void queries.invalidateQueries({ queryKey })
			}
			return { outcome, isShown: now.current === outcome }
		},
		[attempt, queries, set],
	)

	/** The hold has run out. */
	const expire = useCallback(() => {
		const held = now.current
		if (held?.step === 'held') set({ step: 'expired', slot: held.slot, typeId: held.typeId })
	}, [set])

	/** Gives the slot up and releases its hold; a slot that is being booked stays held until then. */
	const drop = useCallback(() => {
		void letGo(now.current)
		set(undefined)
	}, [set])

	// Leaving the page releases the hold, too.
	useEffect(
		() => () => {
			void letGo(now.current)
			now.current = undefined
		},
		[],
	)

	return useMemo(() => ({ taking, hold, adopt, extend, book, expire, drop }), [taking, hold, adopt, extend, book, expire, drop])
}

/** The hold that a slot has and that nothing else is about to use up. */
const heldBy = (taking: Taking | undefined): Hold | undefined =>
	taking && 'hold' in taking && taking.step !== 'booking' ? taking.hold : undefined

const letGo = async (taking: Taking | undefined) => {
	if (taking && heldBy(taking)) await release(taking.slot)
}

/** A hold that could not be ended runs out by itself. */
const release = (slot: Wanted) => ask('slot:release', { slotId: slot.id }).then(undefined, () => {})

const askForHold = (slot: Wanted, typeId: string | undefined) => ask('slot:hold', { slotId: slot.id, ...(typeId && { typeId }) })

type Sending = { slot: Wanted; typeId: string | undefined; order: Order; attempt: Attempt; onWait: () => void }

const send = async ({ slot, typeId, order, attempt, onWait }: Sending): Promise<Appointment> => {
	if ('moving' in order) {
		const payload = { appointmentId: order.moving.id, slotId: slot.id }
		const sendMove = (idempotencyKey: string) => ask('appointment:reschedule', { ...payload, idempotencyKey })
		return (await attempt(payload, sendMove, { onWait })).appointment
	}
	const { patientId } = order
	const reason = order.reason.trim()
	const payload = { slotId: slot.id, ...(patientId && { patientId }), ...(typeId && { typeId }), ...(reason && { reason }) }
	const sendBooking = (idempotencyKey: string) => ask('appointment:book', { ...payload, idempotencyKey })
	return (await attempt(payload, sendBooking, { onWait })).appointment
}

const asApiError = (error: unknown): ApiError => (error instanceof ApiError ? error : new ApiError('internal'))
