import { ActionIcon, Button, Kbd, NativeSelect } from '@mantine/core'
import { IconKeyboard } from '@tabler/icons-react'
import type { RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { Patient } from '../../contract/index.ts'
import { CallerSearch, type CallerSearchHandle } from './caller-search.tsx'
import { DayPicker } from './day-picker.tsx'
import classes from './desk.module.css'
import { NewCaller } from './new-caller.tsx'

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
	onLine: () => void
}

/** Who calls, and which part of which day is shown. */
export const Toolbar = (props: Props) => {
	const { t } = useTranslation()
	const { search, callerTyped, date, today, specialties, specialty, onChoose, onNewCaller, onToDay, onBack } = props
	return (
		<div className={classes.bar}>
			{callerTyped === undefined ? (
				<div className={classes.search}>
					<CallerSearch ref={search} onChoose={onChoose} onNewCaller={onNewCaller} onToDay={onToDay} />
				</div>
			) : (
				<NewCaller typed={callerTyped} onDone={onChoose} onBack={onBack} />
			)}
			<DayPicker date={date} today={today} onChange={props.onDate} />
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
				ms="auto"
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
			<ActionIcon variant="default" size="input-sm" aria-label={t('desk.keys.show')} aria-keyshortcuts="?" onClick={props.onHelp}>
				<IconKeyboard size={20} aria-hidden />
			</ActionIcon>
		</div>
	)
}
