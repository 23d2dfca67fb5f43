import { ActionIcon, Button, Kbd, NativeSelect } from '@mantine/core'
import { IconKeyboard, IconPhoneCall, IconZoomIn, IconZoomOut } from '@tabler/icons-react'
import type { RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Patient } from '../../contract/index.ts'
import { CallerSearch, type CallerSearchHandle } from './caller-search.tsx'
import { DayPicker } from './day-picker.tsx'
import classes from './desk.module.css'
import { GoToDate } from './go-to-date.tsx'
import { NewCaller } from './new-caller.tsx'
import { ShownPicker } from './shown-picker.tsx'
import type { Shown } from './use-view.ts'

type Props = {
	search: RefObject<CallerSearchHandle | null>
	/** What was typed before “new caller” was chosen; undefined while the search box is there. */
	callerTyped: string | undefined
	date: string
	today: string
	specialties: readonly string[]
	/** Empty for all of them. */
	specialty: string
	onChoose: (patient: Patient) => void
	onNewCaller: (typed: string) => void
	onToDay: () => void
	onBack: () => void
	onDate: (date: string) => void
	onSpecialty: (specialty: string) => void
	onHelp: () => void
	shown: Shown
	hidesEmpty: boolean
	fits: boolean
	goTo: RefObject<HTMLInputElement | null>
	onShown: (shown: Shown) => void
	onHidesEmpty: (hides: boolean) => void
	onFits: (fits: boolean) => void
	onEarliest: () => void
	onLine: () => void
}

/** Who calls, and which part of which day is shown. */
export const Toolbar = (props: Props) => {
	const { t } = useTranslation()
	const { search, callerTyped, date, today, specialties, specialty, onChoose, onNewCaller, onToDay, onBack, onDate, fits } = props
	return (
		<div className={classes.bar}>
			{callerTyped === undefined ? (
				<div className={classes.search}>
					<CallerSearch ref={search} onChoose={onChoose} onNewCaller={onNewCaller} onToDay={onToDay} />
				</div>
			) : (
				<NewCaller typed={callerTyped} onDone={onChoose} onBack={onBack} />
			)}
			<DayPicker date={date} today={today} onChange={onDate} />
			<GoToDate ref={props.goTo} label={t('board.goTo')} today={today} onDate={onDate} testId="desk-go-to" />
			<ShownPicker {...props} />
			{specialties.length > 1 && (
				<NativeSelect
					aria-label={t('desk.specialty')}
					value={specialty}
					onChange={event => props.onSpecialty(event.currentTarget.value)}
					data={[{ value: '', label: t('desk.allSpecialties') }, ...specialties]}
				/>
			)}
			<Button
				variant="default"
				fw={400}
				px="sm"
				onClick={props.onEarliest}
				rightSection={<Kbd size="xs">E</Kbd>}
				aria-keyshortcuts="E"
				data-testid="desk-earliest-open"
			>
				{t('board.earliest')}
			</Button>
			<Button
				variant="default"
				fw={400}
				px="sm"
				onClick={props.onLine}
				aria-keyshortcuts="F2"
				rightSection={
					<Kbd size="xs" aria-hidden>
						F2
					</Kbd>
				}
				data-testid="desk-line"
			>
				{t('waiting.desk.open')}
			</Button>
			<ActionIcon
				component={Link}
				to="/desk/recalls"
				variant="default"
				size="input-sm"
				ms="auto"
				aria-label={t('board.recalls.title')}
				title={t('board.recalls.title')}
			>
				<IconPhoneCall size={20} aria-hidden />
			</ActionIcon>
			<ActionIcon
				variant="default"
				size="input-sm"
				aria-label={t('board.fit')}
				title={t('board.fit')}
				aria-pressed={fits}
				aria-keyshortcuts="F"
				onClick={() => props.onFits(!fits)}
				data-testid="desk-fit"
			>
				{fits ? <IconZoomIn size={20} aria-hidden /> : <IconZoomOut size={20} aria-hidden />}
			</ActionIcon>
			<ActionIcon variant="default" size="input-sm" aria-label={t('desk.keys.show')} aria-keyshortcuts="?" onClick={props.onHelp}>
				<IconKeyboard size={20} aria-hidden />
			</ActionIcon>
		</div>
	)
}
