// biome-ignore-all lint/a11y/useSemanticElements: a table cannot hold slots of different lengths side by side
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus is on the slots, one of which the Tab key reaches
import { useElementSize } from '@mantine/hooks'
import { type CSSProperties, memo, type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Doctor } from '../../contract/index.ts'
import { localeOf, useFormat, viewerZone } from '../i18n/format.ts'
import { Empty } from '../shell/messages.tsx'
import { type Board, useColumns } from './board.tsx'
import { ColumnHead } from './column-head.tsx'
import { type Column, type Lane, type Row, rowsOf, type Scale, scaleOf, wallClock } from './day-layout.ts'
import classes from './desk.module.css'
import { findCell, firstCell, isOpen } from './navigation.ts'
import { type CellTexts, SlotCell, type TileVisit, WidestLine } from './slot-cell.tsx'
import type { NoTimes } from './use-closed.ts'

const zonePart = (timeZone: string, language: string, style: 'short' | 'shortOffset', at: Date) =>
	new Intl.DateTimeFormat(localeOf(language), { timeZone, timeZoneName: style })
		.formatToParts(at)
		.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone

/** The short name of a doctor's zone where its clocks differ from the viewer's that day. */
const useZoneNames = (lanes: readonly Lane[], date: string): ReadonlyMap<string, string> => {
	const { i18n } = useTranslation()
	return useMemo(() => {
		const noon = new Date(`${date}T12:00:00Z`)
		const here = zonePart(viewerZone(), 'en', 'shortOffset', noon)
		const zones = [...new Set(lanes.map(({ doctor }) => doctor.timeZone))].filter(
			zone => zonePart(zone, 'en', 'shortOffset', noon) !== here,
		)
		return new Map(zones.map(zone => [zone, zonePart(zone, i18n.language, 'short', noon)]))
	}, [lanes, date, i18n.language])
}

const compactPixels = 50
const tinyPixels = 30

type RowProps = {
	row: Row
	index: number
	scale: Scale
	nowMs: number
	/** The slot that the Tab key reaches, and the one that the open panel is about, if they are in this row. */
	tabbableId: string | undefined
	currentId: string | undefined
	visits: TileVisits
	texts: CellTexts
}

const TimeRow = memo(({ row, index, scale, nowMs, tabbableId, currentId, visits, texts }: RowProps) => {
	const line = (row.minute - scale.from) / scale.unit + 1
	return (
		<div role="row" aria-rowindex={index + 2} className={classes.row}>
			<div
				role="rowheader"
				aria-colindex={1}
				className={classes.rowHead}
				data-quiet={row.minute % 60 === 0 || row.minute % 30 !== 0 || undefined}
				style={{ gridRow: line }}
			>
				{texts.time(row.minute)}
			</div>
			{row.cells.map(({ column, doctor, cell, live, continues }) => (
				<SlotCell
					key={cell.slot.id}
					cell={cell}
					doctorId={doctor.id}
					doctorName={doctor.fullName}
					column={column}
					line={line}
					lines={cell.minutes / scale.unit}
					compact={cell.minutes * scale.pixelsPerMinute < compactPixels}
					tiny={cell.minutes * scale.pixelsPerMinute < tinyPixels}
					visit={cell.slot.appointment && visits.get(cell.slot.appointment.id)}
					live={live}
					past={Date.parse(cell.slot.startsAt) <= nowMs}
					continues={continues}
					tabbable={cell.slot.id === tabbableId}
					current={cell.slot.id === currentId}
					texts={texts}
				/>
			))}
		</div>
	)
})

const has = ({ cells }: Row, slotId: string | undefined) => cells.some(({ cell }) => cell.slot.id === slotId)

const pastCheckMs = 10_000

const useNowMs = () => {
	const [nowMs, setNowMs] = useState(Date.now)
	useEffect(() => {
		const timer = setInterval(() => setNowMs(Date.now()), pastCheckMs)
		return () => clearInterval(timer)
	}, [])
	return nowMs
}

const useRows = (columns: readonly Column[]) => {
	const before = useRef<Row[]>([])
	const rows = useMemo(() => rowsOf(columns, before.current), [columns])
	useEffect(() => {
		before.current = rows
	}, [rows])
	return rows
}

/** The same object while the day's hours are the same. */
const useScale = (columns: readonly Column[], fitPixels: number | undefined): Scale => {
	const { from, unit, lines, pixelsPerMinute } = scaleOf(columns, fitPixels)
	return useMemo(() => ({ from, unit, lines, pixelsPerMinute }), [from, unit, lines, pixelsPerMinute])
}

const timeWidth = '4.8rem'
/** Around the words of a slot: its padding and border, and the gap to the next column. */
const cellEdgesPixels = 22

/** The least, with each column's share of what is left. A doctor without hours that day leaves the room to the others. */
const widthOf = ({ calendar, cells }: Column, widestPixels: number): { least: string; share: number } =>
	cells.length === 0 && calendar.state === 'live'
		? { least: '6.5rem', share: 0.6 }
		: { least: `max(8.25rem, ${Math.ceil(widestPixels) + cellEdgesPixels}px)`, share: 1 }

/** The space above the first hour and below the last. */
const bodyPaddingPixels = 26

/** The minute of the doctor's day that is now; undefined on other days, and outside the hours that are shown. */
const nowIn = ({ doctor, calendar, date }: Column, { from, unit, lines }: Scale, nowMs: number): number | undefined => {
	const zone = calendar.timeZone ?? doctor.timeZone
	const clock = wallClock(new Date(nowMs).toISOString(), zone)
	const minute = clock.getUTCHours() * 60 + clock.getUTCMinutes()
	return clock.toISOString().slice(0, 10) === date && minute >= from && minute <= from + lines * unit ? minute : undefined
}

/** In each doctor's own time, so that doctors elsewhere have it at another height. */
const NowLine = memo(({ column, index, scale, nowMs }: { column: Column; index: number; scale: Scale; nowMs: number }) => {
	const minute = nowIn(column, scale, nowMs)
	if (minute === undefined) return null
	const top = (minute - scale.from) * scale.pixelsPerMinute
	return (
		<div
			aria-hidden
			className={classes.now}
			data-testid="desk-now"
			style={{ gridColumn: index + 2, gridRow: '1 / 2', insetBlockStart: top }}
		/>
	)
})

/** Scrolls once for each day to a little before now. */
const useOpenAtNow = (grid: RefObject<HTMLElement | null>, columns: readonly Column[], scale: Scale, nowMs: number) => {
	const opened = useRef<string | undefined>(undefined)
	const minutes = columns.map(column => nowIn(column, scale, nowMs)).filter(minute => minute !== undefined)
	const earliest = minutes.length > 0 ? Math.min(...minutes) : undefined
	const date = columns[0]?.date
	useEffect(() => {
		if (earliest === undefined || opened.current === date) return
		opened.current = date
		const board = grid.current?.parentElement
		// A slot that has the focus has been scrolled to already.
		if (!board || grid.current?.contains(document.activeElement)) return
		board.scrollTop = (earliest - scale.from) * scale.pixelsPerMinute - board.clientHeight / 4
	}, [earliest, date, grid, scale])
}

type TileVisits = ReadonlyMap<string, TileVisit>

type Props = {
	board: Board
	lanes: readonly Lane[]
	/** Columns are the days of one doctor. */
	isWeek: boolean
	hidesEmpty: boolean
	/** The height of the board to fit the day into; undefined for as tall as it reads best. */
	fitPixels: number | undefined
	today: string
	visits: TileVisits
	noTimes: (doctor: Doctor, date: string) => NoTimes
	onWeek: (doctorId: string) => void
	/** The slot that had the focus last. */
	activeId: string | undefined
	/** What the open panel is about. */
	currentId: string | undefined
	onDrawn: () => void
}

/** The day: doctors side by side, each in the doctor's own time. Which keys do what is the screen's business. */
export const DayGrid = memo((props: Props) => {
	const { board, lanes, isWeek, hidesEmpty, fitPixels, today, visits, noTimes, onWeek, activeId, currentId, onDrawn } = props
	const { t } = useTranslation()
	const { time, clock, dateLong } = useFormat('UTC')
	const date = lanes[0]?.date ?? today
	const zones = useZoneNames(lanes, date)
	const columns = useColumns(board, lanes, hidesEmpty)
	const texts = useMemo<CellTexts>(
		() => ({ t, time: minute => time(minute * 60_000), clock: minute => clock(minute * 60_000) }),
		[t, time, clock],
	)
	const rows = useRows(columns)
	const heads = useElementSize()
	const room = fitPixels === undefined ? undefined : fitPixels - heads.height - bodyPaddingPixels
	const scale = useScale(columns, room)
	const nowMs = useNowMs()
	const tabbableId = findCell(columns, activeId)
		? activeId
		: (firstCell(columns, undefined, isOpen) ?? firstCell(columns, undefined, () => true))?.slot.id

	const grid = useRef<HTMLDivElement>(null)
	useOpenAtNow(grid, columns, scale, nowMs)

	// biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn are the columns
	useEffect(onDrawn, [columns, onDrawn])

	const hours = Array.from({ length: Math.ceil((scale.lines * scale.unit) / 60) }, (_, hour) => scale.from + hour * 60)
	const widest = useElementSize<HTMLDivElement>()
	const widths = columns.map(column => widthOf(column, widest.width))
	const template = {
		gridTemplateColumns: `${timeWidth} ${widths.map(({ least, share }) => `minmax(${least}, ${share}fr)`).join(' ')}`,
		minWidth: `calc(${[timeWidth, ...widths.map(({ least }) => least)].join(' + ')})`,
	}
	const isDayEmpty = columns.every(({ calendar, cells }) => calendar.state === 'live' && cells.length === 0)
	return (
		<>
			<WidestLine texts={texts} ref={widest.ref} />
			<div
				role="grid"
				aria-label={isWeek ? t('board.weekLabel', { doctor: lanes[0]?.doctor.fullName }) : t('desk.dayLabel', { date: dateLong(date) })}
				aria-rowcount={rows.length + 1}
				aria-colcount={columns.length + 1}
				className={classes.grid}
				style={{ '--heads-height': `${heads.height}px` } as CSSProperties}
				ref={grid}
			>
				<div role="row" aria-rowindex={1} className={classes.heads} style={template} ref={heads.ref}>
					<div role="columnheader" aria-colindex={1} className={classes.corner}>
						{t('desk.time')}
					</div>
					{columns.map((column, index) => (
						<ColumnHead
							key={`${column.doctor.id} ${column.date}`}
							column={column}
							index={index}
							zone={zones.get(column.doctor.timeZone)}
							isWeek={isWeek}
							noTimes={noTimes}
							onWeek={onWeek}
						/>
					))}
				</div>
				<div
					role="rowgroup"
					className={classes.body}
					style={{ ...template, gridTemplateRows: `repeat(${scale.lines}, ${scale.unit * scale.pixelsPerMinute}px)` }}
				>
					{columns.map((column, index) => (
						<div
							key={`${column.doctor.id} ${column.date}`}
							aria-hidden
							className={classes.closed}
							style={{ gridColumn: index + 2, gridRow: `1 / span ${Math.max(1, scale.lines)}` }}
						/>
					))}
					{hours.map(hour => (
						<div key={hour} aria-hidden className={classes.hour} style={{ gridRow: (hour - scale.from) / scale.unit + 1 }}>
							<span className={classes.hourLabel}>{texts.time(hour)}</span>
						</div>
					))}
					{rows.map((row, index) => (
						<TimeRow
							key={row.minute}
							row={row}
							index={index}
							scale={scale}
							nowMs={nowMs}
							tabbableId={has(row, tabbableId) ? tabbableId : undefined}
							currentId={has(row, currentId) ? currentId : undefined}
							visits={visits}
							texts={texts}
						/>
					))}
					{columns.map((column, index) => (
						<NowLine key={`${column.doctor.id} ${column.date}`} column={column} index={index} scale={scale} nowMs={nowMs} />
					))}
				</div>
			</div>
			{isDayEmpty && <Empty title={t('desk.emptyDay')} />}
		</>
	)
})
