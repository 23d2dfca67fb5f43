import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Doctor } from '../../contract/index.ts'
import { type LiveCalendar, useCalendar } from '../api/calendar.ts'
import { type Column, columnOf } from './day-layout.ts'

type Calendars = ReadonlyMap<string, LiveCalendar>

export type Board = ReturnType<typeof createBoard>

/** Gathers the calendars of all columns, so that the whole day is drawn at most once a frame. */
const createBoard = () => {
	const calendars = new Map<string, LiveCalendar>()
	let shown: Calendars = new Map()
	let waiting = false
	const listeners = new Set<() => void>()
	return {
		set(key: string, calendar: LiveCalendar | undefined) {
			if (calendar) calendars.set(key, calendar)
			else calendars.delete(key)
			if (waiting) return
			waiting = true
			requestAnimationFrame(() => {
				waiting = false
				shown = new Map(calendars)
				for (const listener of listeners) listener()
			})
		},
		read: () => shown,
		subscribe: (listener: () => void) => {
			listeners.add(listener)
			return () => listeners.delete(listener)
		},
	}
}

const keyOf = (doctorId: string, date: string) => `${doctorId} ${date}`

const WatchDoctor = ({ board, doctorId, date }: { board: Board; doctorId: string; date: string }) => {
	const calendar = useCalendar(doctorId, date, date)
	useLayoutEffect(() => board.set(keyOf(doctorId, date), calendar), [board, doctorId, date, calendar])
	useEffect(() => () => board.set(keyOf(doctorId, date), undefined), [board, doctorId, date])
	return null
}

/** Watches every doctor's day; draws nothing. */
export const WatchDay = memo(({ board, doctors, date }: { board: Board; doctors: readonly Doctor[]; date: string }) =>
	doctors.map(({ id }) => <WatchDoctor key={keyOf(id, date)} board={board} doctorId={id} date={date} />),
)

const unknown: LiveCalendar = { state: 'loading', error: undefined, timeZone: undefined, slots: new Map(), viewers: undefined }

const columnsOf = (calendars: Calendars, doctors: readonly Doctor[], date: string): Column[] =>
	doctors.map(doctor => columnOf(doctor, calendars.get(keyOf(doctor.id, date)) ?? unknown, date))

/** The board, and its columns as they are when asked: a component that only asks is not drawn again with every change. */
export const useBoard = (doctors: readonly Doctor[], date: string) => {
	const [board] = useState(createBoard)
	const columns = useCallback(() => columnsOf(board.read(), doctors, date), [board, doctors, date])
	return { board, columns }
}

export const useColumns = (board: Board, doctors: readonly Doctor[], date: string): readonly Column[] => {
	const calendars = useSyncExternalStore(board.subscribe, board.read)
	return useMemo(() => columnsOf(calendars, doctors, date), [calendars, doctors, date])
}

export const useIsLive = (board: Board, doctorId: string | undefined, date: string): boolean =>
	useSyncExternalStore(board.subscribe, () => doctorId !== undefined && board.read().get(keyOf(doctorId, date))?.state === 'live')
