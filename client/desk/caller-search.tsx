import { Combobox, Group, Loader, Text, TextInput, useCombobox, VisuallyHidden } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconPhonePlus, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Page, Patient } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './desk.module.css'

export type CallerSearchHandle = { focus(): void; clear(): void }

const debounceMs = 150
/** So many matches at first, and so many more each time they are asked for. */
const shownMatches = 8

const newCaller = 'new-caller'
const more = 'more'

type Props = {
	ref: Ref<CallerSearchHandle>
	onChoose: (patient: Patient) => void
	onNewCaller: (typed: string) => void
	/** Arrow down, or Enter in the empty box. */
	onToDay: () => void
}

/** Finds a patient while one types. The first match is chosen already: Enter takes it, even before it has arrived. */
export const CallerSearch = ({ ref, onChoose, onNewCaller, onToDay }: Props) => {
	const { t } = useTranslation()
	const format = useFormat()
	const id = useId()
	const input = useRef<HTMLInputElement>(null)
	const [typed, setTyped] = useState('')
	const [opened, setOpened] = useState(false)
	/** Undefined until another one is wanted: the first match, or a new caller where no name is more than similar. */
	const [moved, setActive] = useState<number>()
	const [limit, setLimit] = useState(shownMatches)
	/** Enter was pressed before the answer was there. */
	const [enterAhead, setEnterAhead] = useState(false)
	const [debounced] = useDebouncedValue(typed, debounceMs)
	const combobox = useCombobox({ opened })
	const text = typed.trim()

	const found = useQuery({
		queryKey: ['patients', debounced.trim(), limit],
		queryFn: ({ signal }) => request<Page<Patient> & { similar?: true }>(`/patients${query({ q: debounced.trim(), limit })}`, { signal }),
		placeholderData: shown => (limit > shownMatches ? shown : undefined),
		enabled: debounced.trim() !== '',
	})
	const answered = debounced.trim() === text && found.isSuccess
	const patients = answered ? found.data.items : []
	const hasMore = answered && found.data.nextCursor !== null
	const options = [...patients.map(patient => patient.id), ...(hasMore ? [more] : []), newCaller]
	const isSimilar = answered && found.data.similar === true
	const active = moved ?? (isSimilar ? options.length - 1 : 0)
	const shown = opened && text !== ''

	const reset = () => {
		setTyped('')
		setOpened(false)
		setActive(undefined)
		setLimit(shownMatches)
		setEnterAhead(false)
	}
	useImperativeHandle(ref, () => ({ focus: () => input.current?.focus(), clear: reset }))

	const submit = (option: string) => {
		if (option === more) return setLimit(Math.min(limit * 3, 200))
		const patient = patients.find(({ id }) => id === option)
		reset()
		if (patient) onChoose(patient)
		else onNewCaller(text)
	}

	// biome-ignore lint/correctness/useExhaustiveDependencies: only the answer's arrival counts
	useEffect(() => {
		if (!enterAhead) return
		if (answered) submit(options[active] as string)
		else if (found.isError && !found.isFetching) setEnterAhead(false)
	}, [enterAhead, answered, found.isError, found.isFetching])

	const onKeyDown = (event: KeyboardEvent) => {
		if (event.nativeEvent.isComposing) return
		if (event.key === 'Escape' && (shown || typed !== '')) {
			event.preventDefault()
			if (shown) setOpened(false)
			else reset()
		} else if (event.key === 'Enter') {
			event.preventDefault()
			if (text === '') onToDay()
			else if (!answered) {
				setEnterAhead(true)
				if (found.isError) void found.refetch()
			} else if (!shown) setOpened(true)
			else submit(options[active] as string)
		} else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			event.preventDefault()
			if (text === '') {
				if (event.key === 'ArrowDown') onToDay()
			} else if (!shown) setOpened(true)
			else setActive((active + (event.key === 'ArrowDown' ? 1 : options.length - 1)) % options.length)
		}
	}

	const optionId = (option: string) => `${id}-${option}`
	return (
		<Combobox store={combobox} onOptionSubmit={submit} withinPortal={false} position="bottom-start" keepMounted={false}>
			<Combobox.Target withAriaAttributes={false} withKeyboardNavigation={false}>
				<TextInput
					ref={input}
					className={classes.search}
					value={typed}
					onChange={event => {
						setTyped(event.currentTarget.value)
						setOpened(true)
						setActive(undefined)
						setLimit(shownMatches)
						setEnterAhead(false)
					}}
					onKeyDown={onKeyDown}
					onBlur={() => setOpened(false)}
					leftSection={<IconSearch size={18} aria-hidden />}
					rightSection={(enterAhead || (text !== '' && found.isFetching)) && <Loader size="xs" aria-hidden />}
					placeholder={t('patients.search.placeholder')}
					aria-label={t('patients.search.label')}
					role="combobox"
					aria-autocomplete="list"
					aria-expanded={shown}
					aria-controls={shown ? `${id}-list` : undefined}
					aria-activedescendant={shown && answered ? optionId(options[active] as string) : undefined}
					aria-keyshortcuts="/"
					autoComplete="off"
					spellCheck={false}
					maxLength={100}
					data-testid="desk-search"
				/>
			</Combobox.Target>
			<VisuallyHidden role="status">{shown && answered ? t('desk.search.found', { count: patients.length }) : ''}</VisuallyHidden>
			<Combobox.Dropdown hidden={!shown} mah="60vh" style={{ overflowY: 'auto' }} onMouseDown={event => event.preventDefault()}>
				{found.isError && debounced.trim() === text && <ErrorMessage error={found.error} onRetry={() => void found.refetch()} />}
				{!answered && !found.isError && (
					<Text size="sm" px="xs" py={6}>
						{t('desk.search.searching')}
					</Text>
				)}
				{answered && patients.length === 0 && (
					<Text size="sm" px="xs" py={6}>
						{t('desk.search.none')}
					</Text>
				)}
				{isSimilar && (
					<Text size="sm" px="xs" py={6}>
						{t('patients.search.similar')}
					</Text>
				)}
				<Combobox.Options id={`${id}-list`} aria-label={t('patients.search.label')}>
					{patients.map((patient, index) => (
						<Combobox.Option
							className={classes.option}
							key={patient.id}
							value={patient.id}
							id={optionId(patient.id)}
							selected={index === active}
							aria-selected={index === active}
							onMouseMove={() => setActive(index)}
						>
							<Group justify="space-between" gap="xs" wrap="nowrap">
								<Text size="sm" fw={600} span truncate c="inherit">
									{patient.fullName}
								</Text>
								<Text size="sm" span dir="ltr" c="inherit" style={{ whiteSpace: 'nowrap' }}>
									{[patient.birthDate && format.dateNumeric(patient.birthDate), patient.phone ?? patient.email].filter(Boolean).join(' · ')}
								</Text>
							</Group>
						</Combobox.Option>
					))}
					{hasMore && (
						<Combobox.Option
							className={classes.option}
							value={more}
							id={optionId(more)}
							selected={active === patients.length}
							aria-selected={active === patients.length}
							onMouseMove={() => setActive(patients.length)}
						>
							<Text size="sm" span c="inherit">
								{t('patients.search.more')}
							</Text>
						</Combobox.Option>
					)}
					<Combobox.Option
						className={classes.option}
						value={newCaller}
						id={optionId(newCaller)}
						selected={answered && active === options.length - 1}
						aria-selected={answered && active === options.length - 1}
						onMouseMove={() => setActive(options.length - 1)}
					>
						<Group gap={6} wrap="nowrap">
							<IconPhonePlus size={16} aria-hidden />
							<Text size="sm" span c="inherit">
								{t('desk.search.newCaller', { text })}
							</Text>
						</Group>
					</Combobox.Option>
				</Combobox.Options>
			</Combobox.Dropdown>
		</Combobox>
	)
}
