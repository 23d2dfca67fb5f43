import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import type { Doctor, Snapshot } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { dateIn } from '../i18n/format.ts'
import type { Booking } from './use-booking.ts'
import type { Wanted } from './use-taking.ts'

/** The slot that comes along with a link, so that the sheet need not look it up; and whether Back leads to the same page without it. */
export type SheetState = { slot?: Wanted; opened?: true }

/**
 * The booking sheet is a step in the address (`slot=…`): Back closes it and Forward opens it again, a refresh restores it, and the
 * address, shared, opens the same choice.
 */
export function useSheet(doctor: Doctor, date: string, booking: Booking) {
	const [parameters, setParameters] = useSearchParams()
	const navigate = useNavigate()
	const state = useLocation().state as SheetState | null
	const asked = parameters.get('slot') ?? undefined
	const wanted = useWanted(doctor.id, asked, date, state?.slot)
	const { flow, choose, dismiss } = booking
	const latest = useRef(flow)
	latest.current = flow

	const open = useCallback(
		(slot: Wanted) => {
			const isOpen = latest.current.step !== 'idle' && asked !== undefined
			const to = { slot: slot.id, date: dateIn(slot.startsAt, doctor.timeZone) }
			const opened = isOpen ? state?.opened : (true as const)
			setParameters(changed(to), { replace: isOpen, preventScrollReset: true, state: { slot, ...(opened && { opened }) } })
			// The same slot again, as after a hold that ran out: the address does not change.
			if (slot.id === asked) choose(slot)
		},
		[asked, choose, doctor.timeZone, setParameters, state?.opened],
	)

	const close = useCallback(() => {
		if (latest.current.step === 'booking') return
		if (asked === undefined) dismiss()
		else if (state?.opened) void navigate(-1)
		else setParameters(changed({ slot: undefined }), { replace: true, preventScrollReset: true })
	}, [asked, dismiss, navigate, setParameters, state?.opened])

	const wantedId = wanted?.id
	// biome-ignore lint/correctness/useExhaustiveDependencies: another slot in the address, not another object of the same slot, is a choice
	useEffect(() => {
		if (wanted) choose(wanted)
	}, [wantedId, choose])

	useEffect(() => {
		const { step } = latest.current
		if (asked === undefined && step !== 'idle' && step !== 'booked') dismiss()
	}, [asked, dismiss])

	// What is booked is no choice any more: a refresh must not try to hold it.
	const isBooked = flow.step === 'booked'
	useEffect(() => {
		if (isBooked) setParameters(changed({ slot: undefined }), { replace: true, preventScrollReset: true })
	}, [isBooked, setParameters])

	return { open, close }
}

/** The slot that the address names: from the link, or else from its day. */
function useWanted(doctorId: string, slotId: string | undefined, date: string, known: Wanted | undefined): Wanted | undefined {
	const isKnown = known !== undefined && known.id === slotId
	const day = useQuery({
		queryKey: ['slots', doctorId, date],
		queryFn: ({ signal }) => request<Snapshot>(`/doctors/${doctorId}/slots${query({ from: date, to: date })}`, { signal }),
		enabled: slotId !== undefined && !isKnown,
	})
	return isKnown ? known : day.data?.slots.find(({ id }) => id === slotId)
}

const changed = (changes: Record<string, string | undefined>) => (before: URLSearchParams) => {
	const after = new URLSearchParams(before)
	for (const [name, value] of Object.entries(changes)) {
		if (value === undefined) after.delete(name)
		else after.set(name, value)
	}
	return after
}
