import { memo, useCallback, useLayoutEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Doctor } from '../../contract/index.ts'
import { type LiveCalendar, useCalendar } from '../api/calendar.ts'
import { type Column, columnOf, type Lane } from './day-layout.ts'

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

/** A doctor's dates, watched as one. */
const WatchDoctor = ({ board, doctorId, from, to }: { board: Board; doctorId: string; from: string; to: string }) => {
	const calendar = useCalendar(doctorId, from, to)
	// The next dates' calendar is set after this one has gone.
	useLayoutEffect(() => () => board.set(doctorId, undefined), [board, doctorId])
	useLayoutEffect(() => board.set(doctorId, calendar), [board, doctorId, calendar])
	return null
}

/** Watches every doctor's dates; draws nothing. */
export const WatchDates = memo(({ board, doctors, from, to }: { board: Board; doctors: readonly Doctor[]; from: string; to: string }) =>
	doctors.map(({ id }) => <WatchDoctor key={`${id} ${from} ${to}`} board={board} doctorId={id} from={from} to={to} />),
)

const unknown: LiveCalendar = { state: 'loading', error: undefined, timeZone: undefined, slots: new Map(), viewers: undefined }

const columnsOf = (calendars: Calendars, lanes: readonly Lane[]): Column[] =>
	lanes.map(lane => columnOf(lane, calendars.get(lane.doctor.id) ?? unknown))

/** Columns without the doctors who have no hours that day, unless none has any. */
const onlyWithHours = (columns: readonly Column[]): readonly Column[] => {
	const some = columns.filter(({ calendar, cells }) => cells.length > 0 || calendar.state !== 'live')
	return some.length > 0 ? some : columns
}

/** The board, and its columns as they are when asked: a component that only asks is not drawn again with every change. */
export const useBoard = (lanes: readonly Lane[], hidesEmpty: boolean) => {
	const [board] = useState(createBoard)
	const columns = useCallback(() => {
		const all = columnsOf(board.read(), lanes)
		return hidesEmpty ? onlyWithHours(all) : all
	}, [board, lanes, hidesEmpty])
	return { board, columns }
}

export const useColumns = (board: Board, lanes: readonly Lane[], hidesEmpty: boolean): readonly Column[] => {
	const calendars = useSyncExternalStore(board.subscribe, board.read)
	return useMemo(() => {
		const all = columnsOf(calendars, lanes)
		return hidesEmpty ? onlyWithHours(all) : all
	}, [calendars, lanes, hidesEmpty])
}

export const useIsLive = (board: Board, doctorId: string | undefined): boolean =>
	useSyncExternalStore(board.subscribe, () => doctorId !== undefined && board.read().get(doctorId)?.state === 'live')
