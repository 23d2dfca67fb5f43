import '@mantine/dates/styles.css'
import { Button, Kbd, Text } from '@mantine/core'
import { useDisclosure, useElementSize, useLocalStorage } from '@mantine/hooks'
import { IconArrowBackUp } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import {
	type FocusEvent,
	type KeyboardEvent,
	lazy,
	type MouseEvent,
	Suspense,
	useCallback,
	useEffect,
	useMemo,
	useRef,
	useState,
} from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Appointment, AppointmentType, Doctor, Page, Patient } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { SlotHistory } from '../history/slot-history.tsx'
import { addDays, dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { directionOf } from '../i18n/index.ts'
import { PatientStrip } from '../patients/patient-strip.tsx'
import { Screen } from '../shell/layout.tsx'
import { Empty, ErrorMessage, Loading, useErrorText } from '../shell/messages.tsx'
import { LinePanel } from '../waiting/line-panel.tsx'
import { AppointmentPanel } from './appointment-panel.tsx'
import { useBoard, useIsLive, WatchDates } from './board.tsx'
import type { CallerSearchHandle } from './caller-search.tsx'
import { ConfirmPanel } from './confirm-panel.tsx'
import { ContextBar } from './context-bar.tsx'
import { DayGrid } from './day-grid.tsx'
import { type Cell, wallClock } from './day-layout.ts'
import classes from './desk.module.css'
import { Earliest } from './earliest.tsx'
import { isLetter } from './keys.ts'
import { directionOfKey, edgeCell, findCell, firstCell, isOpen, step } from './navigation.ts'
import { ShortcutsList } from './shortcuts.tsx'
import type { TileVisit } from './slot-cell.tsx'
import { Toolbar } from './toolbar.tsx'
import { useNoTimes } from './use-closed.ts'
import { useDayFocus } from './use-day-focus.ts'
import { type Time, useDesk } from './use-desk.ts'
import { mostColumns, useDoctors, useDoctorsById } from './use-doctors.ts'
import { useScreenKeys } from './use-screen-keys.ts'
import { useUndo } from './use-undo.ts'
import { useView, type View } from './use-view.ts'
import { useVisits, type Visits } from './use-visits.ts'
import { useVanishedVisits } from './vanished-visits.tsx'

const PatientCard = lazy(async () => ({ default: (await import('../patients/patient-card.tsx')).PatientCard }))

const slotIdOf = (target: EventTarget) => (target as HTMLElement).closest<HTMLElement>('[data-slot-id]')?.dataset.slotId

type Side = 'left' | 'right'

type Undone = { said: (appointment: Appointment) => void; refused: (error: unknown) => void }

type DeskProps = { view: View; doctors: readonly Doctor[]; hasMore: boolean; types: readonly AppointmentType[] }

const noTypes: readonly AppointmentType[] = []

const Desk = ({ view, doctors: onBoard, hasMore, types }: DeskProps) => {
	const { t, i18n } = useTranslation()
	const queries = useQueryClient()
	const errorText = useErrorText()
	const { dayAndTime } = useFormat('UTC')
	const { date, dates, today, setDate } = view
	const [specialty, setSpecialty] = useState('')
	const [hidesEmpty, setHidesEmpty] = useLocalStorage({
		key: 'liveslot-desk-hides-empty',
		defaultValue: true,
		getInitialValueInEffect: false,
	})
	const [fits, setFits] = useLocalStorage({ key: 'liveslot-desk-fits', defaultValue: false, getInitialValueInEffect: false })
	/** Doctors whom an earliest time led to, and who are not on the board otherwise. */
	const [guestIds, setGuestIds] = useState<readonly string[]>([])
	const guests = useDoctorsById(guestIds)
	const doctors = useMemo(() => [...onBoard, ...guests.filter(({ id }) => onBoard.every(doctor => doctor.id !== id))], [onBoard, guests])
	const shown = useMemo(
		() => (specialty ? doctors.filter(doctor => doctor.specialty === specialty || guestIds.includes(doctor.id)) : doctors),
		[doctors, specialty, guestIds],
	)
	const isWeek = view.shown.kind === 'week'
	const lanes = useMemo(
		() => (isWeek ? dates.flatMap(date => shown.slice(0, 1).map(doctor => ({ doctor, date }))) : shown.map(doctor => ({ doctor, date }))),
		[isWeek, dates, date, shown],
	)
	const specialties = useMemo(() => [...new Set(doctors.map(doctor => doctor.specialty))].sort(), [doctors])
	const hides = hidesEmpty && !isWeek
	const { board, columns } = useBoard(lanes, hides)
	const noTimes = useNoTimes(dates, today)
	const visits = useTileVisits(useVisits(dates, isWeek ? shown[0]?.id : undefined), types)
	const boardSize = useElementSize<HTMLDivElement>()
	const goToDate = useRef<HTMLInputElement>(null)
	const [seeksEarliest, setSeeksEarliest] = useState(false)
	const [activeId, setActiveId] = useState<string>()
	/** What was typed before “new caller” was chosen; undefined while the search box is there. */
	const [callerTyped, setCallerTyped] = useState<string>()
	const [side, setSide] = useState<Side>('right')
	const [helpOpened, help] = useDisclosure(false)
	const [lineOpened, line] = useDisclosure(false)
	/** The patient whose card is open. */
	const [cardOf, setCardOf] = useState<string>()
	const root = useRef<HTMLDivElement>(null)
	const stage = useRef<HTMLDivElement>(null)
	const search = useRef<CallerSearchHandle>(null)

	const describe = useCallback(
		(time: Time) => {
			const doctor = doctors.find(({ id }) => id === time.doctorId)
			return [doctor?.fullName, dayAndTime(wallClock(time.startsAt, doctor?.timeZone ?? viewerZone()))].filter(Boolean).join(', ')
		},
		[doctors, dayAndTime],
	)
	const toSearch = useCallback(() => {
		setCallerTyped(undefined)
		// Where the search box is only now coming back, a frame later; otherwise at once, before the focus is wanted elsewhere.
		if (search.current) search.current.focus()
		else requestAnimationFrame(() => search.current?.focus())
	}, [])
	const onFinished = useCallback(() => {
		search.current?.clear()
		toSearch()
	}, [toSearch])
	const undone = useRef<Undone>(undefined)
	const undoing = useUndo({
		onUndone: appointment => undone.current?.said(appointment),
		onRefused: error => undone.current?.refused(error),
	})
	const desk = useDesk({ describe, onFinished, onActed: undoing.offer })
	const { patient, moving, taking, opened, say } = desk
	undone.current = {
		said: appointment => {
			queries.setQueryData(['appointment', appointment.id], appointment)
			say(t('history.undo.done', { name: appointment.patientName ?? '', status: t(`status.${appointment.status}`) }), 'done')
		},
		refused: error => say(errorText(error), 'problem'),
	}
	const vanished = useVanishedVisits({ date, doctors: shown })
	const [askedSlot, setAskedSlot] = useState<{ slotId: string; title: string; timeZone: string | undefined }>()
	const choosing = patient !== undefined || moving !== undefined
	const onNoneFree = useCallback(() => say(t('desk.status.noneFree'), 'problem', 'another-day'), [say, t])
	const focus = useDayFocus(stage, columns, onNoneFree)
	const shownTime = opened?.time ?? taking?.slot
	const takingLive = useIsLive(board, taking?.slot.doctorId)
	const takingDoctor = doctors.find(({ id }) => id === taking?.slot.doctorId)

	useEffect(() => search.current?.focus(), [])

	// biome-ignore lint/correctness/useExhaustiveDependencies: other dates or doctors are what ends the warning
	useEffect(() => desk.clearWarning('another-day'), [dates, lanes, desk.clearWarning])

	const onDrawn = useCallback(() => {
		focus.run()
		if (firstCell(columns(), undefined, isOpen)) desk.clearWarning('another-day')
	}, [columns, desk.clearWarning, focus.run])

	const goTo = useCallback(
		(next: string) => {
			const inDay = stage.current?.contains(document.activeElement) ?? false
			setDate(next)
			if (inDay || choosing) focus.sendAfterChange({ to: 'first-free' })
		},
		[choosing, focus.sendAfterChange, setDate],
	)

	const choose = (chosen: Patient) => {
		setCallerTyped(undefined)
		desk.setMoving(undefined)
		desk.setPatient(chosen)
		// A time that is held already only waited for its patient: the open panel takes the focus.
		if (taking) return
		desk.close()
		say(t('desk.status.chosen', { name: chosen.fullName }))
		focus.send({ to: 'first-free' })
	}

	/** The panel opens beside the slot, not over it. */
	const sideOf = (slot: Element | null) => {
		const area = stage.current?.getBoundingClientRect()
		const place = slot?.getBoundingClientRect()
		if (area && place) setSide(place.left + place.width / 2 > area.left + area.width / 2 ? 'left' : 'right')
	}

	const take = (time: Time, typeId?: string) => {
		const doctor = doctors.find(({ id }) => id === time.doctorId)
		if (doctor) setDate(dateIn(time.startsAt, doctor.timeZone))
		focus.doctorId.current = time.doctorId
		setActiveId(time.id)
		sideOf(focus.find(time.id))
		void desk.take(time, typeId)
		if (choosing) return
		say(t('desk.status.choosePatient'))
		search.current?.focus()
	}

	const pick = (slotId: string) => {
		const found = findCell(columns(), slotId)
		if (!found) return
		const { cell, column } = found
		const { slot } = cell
		if (column.calendar.state !== 'live') say(t('desk.status.updating'), 'problem', 'another-slot')
		else if (slot.state === 'booked' && slot.appointment && !moving) {
			sideOf(focus.find(slotId))
			desk.open(slot.appointment.id, slot)
		} else if (isOpen(cell, column)) take(slot)
		else say(t('desk.status.notOpen'), 'problem', 'another-slot')
	}

	const takeEarliest = (time: Time, typeId: string) => {
		setSeeksEarliest(false)
		if (doctors.every(({ id }) => id !== time.doctorId)) setGuestIds(ids => [...ids, time.doctorId])
		take(time, moving ? undefined : typeId)
	}
	const seekEarliest = useCallback(() => {
		desk.close()
		line.close()
		setSeeksEarliest(true)
	}, [desk.close, line.close])

	const closePanel = useCallback(() => {
		setSeeksEarliest(false)
		const time = desk.close()
		if (time && !focus.focusSlot(time.id)) search.current?.focus()
		return time !== undefined
	}, [desk.close, focus.focusSlot])

	const dropCaller = useCallback(() => {
		if (moving) say(t('desk.status.movingStopped'))
		else desk.clearStatus()
		desk.setPatient(undefined)
		desk.setMoving(undefined)
		toSearch()
	}, [desk.clearStatus, desk.setMoving, desk.setPatient, moving, say, t, toSearch])

	const onErased = ({ fullName: name }: Patient) => {
		dropCaller()
		say(t('desk.data.erased', { name }), 'done')
	}

	const startMove = (appointment: Appointment) => {
		desk.startMove(appointment)
		focus.doctorId.current = appointment.doctorId
		say(t('desk.status.moving', { name: appointment.patientName ?? '' }))
		const from = appointment.slotIds[0]
		const next = findCell(columns(), from) && (step(columns(), from, 'down', isOpen) ?? step(columns(), from, 'up', isOpen))
		focus.send(next ? { to: 'slot', id: next.slot.id } : { to: 'first-free' })
	}

	const closeCard = () => {
		setCardOf(undefined)
		if (patient) focus.send({ to: 'first-free' })
	}

	/** Beside its time, in the day that it is on. */
	const openVisit = (visit: Appointment) => {
		const doctor = doctors.find(({ id }) => id === visit.doctorId)
		const [slotId] = visit.slotIds
		if (!doctor || slotId === undefined) return
		setCardOf(undefined)
		setDate(dateIn(visit.startsAt, doctor.timeZone))
		setActiveId(slotId)
		desk.open(visit.id, { ...visit, id: slotId })
	}

	const back = useCallback(() => {
		focus.cancel()
		if (seeksEarliest) {
			setSeeksEarliest(false)
			focus.focusDay()
			return
		}
		if (closePanel()) return
		const inDay = stage.current?.contains(document.activeElement)
		if (moving || (patient && !inDay)) dropCaller()
		else toSearch()
	}, [closePanel, dropCaller, focus.cancel, focus.focusDay, moving, patient, seeksEarliest, toSearch])
	const changeDay = useCallback((days: number) => goTo(addDays(date, isWeek ? days * 7 : days)), [date, goTo, isWeek])
	const toDate = useCallback(() => goToDate.current?.focus(), [])
	const fit = useCallback(() => setFits(!fits), [fits, setFits])
	useScreenKeys(root, {
		back,
		toSearch,
		showHelp: help.open,
		changeDay,
		earliest: seekEarliest,
		goToDate: toDate,
		fit,
		showLine: line.open,
	})

	const askHistory = (slotId: string) => {
		const found = findCell(columns(), slotId)
		if (found) setAskedSlot({ slotId, title: describe(found.cell.slot), timeZone: found.column.doctor.timeZone })
	}
	const onDayKeyDown = (event: KeyboardEvent) => {
		const slotId = slotIdOf(event.target)
		if (!slotId || event.ctrlKey || event.altKey || event.metaKey) return
		const direction = directionOfKey(event.key, directionOf(i18n.language))
		// Who looks for a time goes from free slot to free slot; Shift turns it round.
		const wanted = choosing !== event.shiftKey ? isOpen : () => true
		let next: Cell | undefined
		if (direction) next = step(columns(), slotId, direction, wanted)
		else if (event.key === 'Home' || event.key === 'End')
			next = edgeCell(columns(), slotId, event.key === 'Home' ? 'first' : 'last', wanted)
		else if (isLetter(event, 't')) goTo(today)
		else if (isLetter(event, 'h')) askHistory(slotId)
		else if (isLetter(event, 'p') && patient) setCardOf(patient.id)
		else return
		event.preventDefault()
		if (next) focus.focusSlot(next.slot.id)
	}
	const onDayClick = (event: MouseEvent) => {
		const slotId = slotIdOf(event.target)
		if (slotId) pick(slotId)
	}
	const onDayFocus = (event: FocusEvent<HTMLElement>) => {
		const slotId = slotIdOf(event.target)
		if (!slotId) return
		if (slotId !== activeId) desk.clearWarning('another-slot')
		setActiveId(slotId)
		focus.doctorId.current = event.target.dataset.doctorId
		if (shownTime) sideOf(event.target)
	}
	/** A key that is kept down must not hold a time and book it in one go. */
	const onKeyDownCapture = (event: KeyboardEvent) => {
		if (event.key === 'Enter' && event.repeat) event.preventDefault()
	}

	return (
		<div className={classes.desk} ref={root} onKeyDownCapture={onKeyDownCapture}>
			<WatchDates board={board} doctors={shown} from={dates[0] as string} to={dates.at(-1) as string} />
			<Toolbar
				search={search}
				callerTyped={callerTyped}
				date={date}
				today={today}
				specialties={specialties}
				specialty={specialty}
				onChoose={choose}
				onNewCaller={setCallerTyped}
				onToDay={() => (choosing ? focus.send({ to: 'first-free' }) : focus.focusDay())}
				onBack={toSearch}
				onDate={goTo}
				onSpecialty={setSpecialty}
				onHelp={help.open}
				shown={view.shown}
				hidesEmpty={hidesEmpty}
				fits={fits}
				goTo={goToDate}
				onShown={next => {
					setGuestIds([])
					view.setShown(next)
				}}
				onHidesEmpty={setHidesEmpty}
				onFits={setFits}
				onEarliest={seekEarliest}
				onLine={line.toggle}
			/>
			<ContextBar
				patient={patient}
				moving={moving}
				movingFrom={moving ? describe({ ...moving, id: moving.slotIds[0] ?? '' }) : ''}
				status={desk.status}
				onDrop={dropCaller}
				say={say}
				onErased={onErased}
			>
				{undoing.isOffered && (
					<Button
						size="compact-sm"
						leftSection={<IconArrowBackUp size={16} aria-hidden />}
						rightSection={<Kbd size="xs">Ctrl Z</Kbd>}
						aria-keyshortcuts="Control+Z Z"
						onClick={() => void undoing.undo()}
						data-testid="desk-undo"
					>
						{t('history.undo.button')}
					</Button>
				)}
				{vanished.button}
				<Button component={Link} to={`/desk/sheet?date=${date}`} size="compact-sm" variant="default" data-testid="desk-sheet">
					{t('history.sheet.title')}
				</Button>
			</ContextBar>
			{vanished.list}
			{patient && <PatientStrip patientId={patient.id} onOpen={() => setCardOf(patient.id)} />}
			{hasMore && <Text size="sm">{t('board.more', { count: mostColumns })}</Text>}
			<div className={classes.stage} ref={stage}>
				{/* biome-ignore lint/a11y/noStaticElementInteractions: the slots are buttons; their keys and clicks are heard here */}
				<div ref={boardSize.ref} className={classes.board} onKeyDown={onDayKeyDown} onClick={onDayClick} onFocus={onDayFocus}>
					<DayGrid
						board={board}
						lanes={lanes}
						isWeek={isWeek}
						hidesEmpty={hides}
						fitPixels={fits && boardSize.height > 0 ? boardSize.height : undefined}
						today={today}
						visits={visits}
						noTimes={noTimes}
						onWeek={doctorId => view.setShown({ kind: 'week', doctorId })}
						activeId={activeId}
						currentId={shownTime?.id}
						onDrawn={onDrawn}
					/>
				</div>
				{seeksEarliest && (
					<Earliest
						types={types}
						typeId={moving?.typeId}
						shown={shown}
						doctor={doctors.find(({ id }) => id === focus.doctorId.current)}
						siteId={view.shown.kind === 'site' ? view.shown.siteId : undefined}
						specialty={specialty}
						today={today}
						from={date}
						patient={moving ? undefined : patient}
						onTake={takeEarliest}
						onRecalled={text => {
							setSeeksEarliest(false)
							dropCaller()
							say(text, 'done')
						}}
						onClose={() => setSeeksEarliest(false)}
					/>
				)}
				{lineOpened && (
					<LinePanel
						doctors={doctors}
						onClose={() => {
							line.close()
							toSearch()
						}}
					/>
				)}
				{taking && taking.step !== 'booked' && taking.step !== 'expired' && takingDoctor && (
					<ConfirmPanel
						taking={taking}
						doctor={takingDoctor}
						patient={patient}
						moving={moving}
						types={types}
						live={takingLive}
						side={side}
						onTake={take}
						onSend={desk.send}
						onClose={closePanel}
						onChoosePatient={toSearch}
					/>
				)}
				{opened && (
					<AppointmentPanel
						key={opened.appointmentId}
						appointmentId={opened.appointmentId}
						doctors={doctors}
						types={types}
						side={side}
						onClose={closePanel}
						onMove={startMove}
						onPatient={setCardOf}
						onDone={(text, appointmentId) => {
							closePanel()
							say(text, 'done')
							undoing.offer(appointmentId)
						}}
					/>
				)}
			</div>
			{cardOf !== undefined && (
				<Suspense fallback={null}>
					<PatientCard
						patientId={cardOf}
						doctors={doctors}
						onClose={closeCard}
						onDone={(text, card) => {
							say(text, 'done')
							setCardOf(card.id)
							if (patient && (patient.id === cardOf || patient.id === card.id)) desk.setPatient(card)
						}}
						onOpenVisit={openVisit}
						onMoveVisit={visit => {
							setCardOf(undefined)
							startMove(visit)
						}}
					/>
				</Suspense>
			)}
			{askedSlot && (
				<SlotHistory
					{...askedSlot}
					onClose={() => {
						setAskedSlot(undefined)
						focus.focusSlot(askedSlot.slotId)
					}}
				/>
			)}
			<ShortcutsList opened={helpOpened} onClose={help.close} />
		</div>
	)
}

/** What tiles show of visits. The same object while nothing of it changed, so that only its tile is drawn again. */
const useTileVisits = (visits: Visits, types: readonly AppointmentType[]): ReadonlyMap<string, TileVisit> => {
	const before = useRef<ReadonlyMap<string, TileVisit>>(new Map())
	const tiles = useMemo(() => {
		const kinds = new Map(types.map(type => [type.id, type]))
		return new Map(
			[...visits].map(([id, { typeId, reason }]) => {
				const kind = kinds.get(typeId)
				const tile = { kind: kind?.name, color: kind?.color, reason }
				const known = before.current.get(id)
				const isSame = known?.kind === tile.kind && known?.color === tile.color && known?.reason === tile.reason
				return [id, known && isSame ? known : tile]
			}),
		)
	}, [visits, types])
	useEffect(() => {
		before.current = tiles
	}, [tiles])
	return tiles
}

const minuteMs = 60_000

export default function DeskScreen() {
	const { t } = useTranslation()
	const view = useView()
	const doctors = useDoctors(view.shown)
	const types = useQuery({
		queryKey: ['appointment-types'],
		queryFn: () => request<Page<AppointmentType>>('/appointment-types'),
		staleTime: minuteMs,
	})
	return (
		<Screen title={t('desk.title')} wide hideTitle>
			{doctors.isPending && <Loading onRetry={() => void doctors.refetch()} />}
			{doctors.isError && !doctors.data && <ErrorMessage error={doctors.error} onRetry={() => void doctors.refetch()} />}
			{doctors.data?.items.length === 0 && view.shown.kind === 'all' && (
				<Empty title={t('desk.noDoctors')}>
					<Text size="sm">{t('desk.noDoctorsHint')}</Text>
				</Empty>
			)}
			{doctors.data && (doctors.data.items.length > 0 || view.shown.kind !== 'all') && (
				<Desk view={view} doctors={doctors.data.items} hasMore={doctors.hasMore} types={types.data?.items ?? noTypes} />
			)}
		</Screen>
	)
}
