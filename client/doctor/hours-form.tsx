import { ActionIcon, Alert, Button, Fieldset, Group, NumberInput, Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { DatePickerInput, TimeInput } from '@mantine/dates'
import { IconCheck, IconCopy, IconPlus, IconTrash } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { GenerationResult, Schedule, SchedulePreview } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { usePicker } from '../shell/dates.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { Conflicts } from './conflicts.tsx'
import classes from './day.module.css'
import { HoursPreview } from './hours-preview.tsx'
import { aRange, type Faults, faultsOf, type HoursDraft, type Range, toDraft, toInput, weekdays } from './weekly-hours.ts'

/** Any week will do that starts on a Monday. */
const aDateOn = (weekday: number) => `2024-01-${String(weekday).padStart(2, '0')}`

const useWeekdayName = () => {
	const { i18n } = useTranslation()
	return useMemo(() => {
		const format = new Intl.DateTimeFormat(i18n.language, { weekday: 'long', timeZone: 'UTC' })
		return (weekday: number) => format.format(new Date(aDateOn(weekday)))
	}, [i18n.language])
}

export const useZones = (current: string) =>
	useMemo(() => [...new Set([current, 'UTC', ...Intl.supportedValuesOf('timeZone')])].filter(Boolean).sort(), [current])

type DayProps = { weekday: number; ranges: Range[]; faults: Faults | undefined; onChange: (ranges: Range[]) => void }

const DayHours = ({ weekday, ranges, faults, onChange }: DayProps) => {
	const { t } = useTranslation()
	const id = useId()
	const day = useWeekdayName()(weekday)
	const change = (key: string, next: Partial<Range>) => onChange(ranges.map(range => (range.key === key ? { ...range, ...next } : range)))
	return (
		<Group align="flex-start" gap="sm" role="group" aria-labelledby={id} wrap="wrap" py={6}>
			<Text id={id} w={110} pt={6} fw={600}>
				{day}
			</Text>
			<Stack gap={6} flex={1} miw={250}>
				{ranges.length === 0 && (
					<Text pt={6} c="var(--mantine-color-text)">
						{t('doctor.hours.closed')}
					</Text>
				)}
				{ranges.map((range, index) => {
					const fault = faults?.ranges[range.key]
					const name = (end: string) => t('doctor.hours.rangeEnd', { day, number: index + 1, end: t(`doctor.hours.${end}`) })
					return (
						<div key={range.key}>
							<Group gap={6} wrap="nowrap">
								<TimeInput
									aria-label={name('from')}
									value={range.from}
									error={fault !== undefined}
									aria-describedby={fault && `${id}-${range.key}`}
									onChange={event => change(range.key, { from: event.currentTarget.value })}
								/>
								<span aria-hidden>–</span>
								<TimeInput
									aria-label={name('to')}
									value={range.to}
									error={fault !== undefined}
									aria-describedby={fault && `${id}-${range.key}`}
									onChange={event => change(range.key, { to: event.currentTarget.value })}
								/>
								<ActionIcon
									variant="subtle"
									size={36}
									aria-label={t('doctor.hours.removeRange', { day, number: index + 1 })}
									onClick={() => onChange(ranges.filter(other => other !== range))}
								>
									<IconTrash size={18} aria-hidden />
								</ActionIcon>
							</Group>
							{fault && (
								<Text id={`${id}-${range.key}`} fz="sm" c="var(--mantine-color-error)" role="alert">
									{t(`doctor.hours.fault.${fault}`)}
								</Text>
							)}
						</div>
					)
				})}
			</Stack>
			<Button
				variant="subtle"
				size="sm"
				leftSection={<IconPlus size={16} aria-hidden />}
				aria-label={`${t('doctor.hours.addRange')}: ${day}`}
				onClick={() => onChange([...ranges, ranges.length === 0 ? aRange('09:00', '17:00') : aRange()])}
			>
				{t('doctor.hours.addRange')}
			</Button>
		</Group>
	)
}

type FieldsProps = { draft: HoursDraft; faults: Faults | undefined; onChange: (draft: HoursDraft) => void }

const Fields = ({ draft, faults, onChange }: FieldsProps) => {
	const { t } = useTranslation()
	const [fromPicker, untilPicker] = [usePicker(), usePicker()]
	const zones = useZones(draft.timeZone)
	const format = useFormat()
	const date = (text: string) => `${format.dateWeekday(text)}, ${format.dateDay(text)} ${text.slice(0, 4)}`
	return (
		<SimpleGrid cols={{ base: 1, sm: 2 }}>
			<NumberInput
				label={t('doctor.hours.slotMinutes')}
				min={5}
				max={480}
				step={5}
				allowDecimal={false}
				value={draft.slotMinutes}
				error={faults?.slotMinutes && t('doctor.hours.fault.slotMinutes')}
				onChange={value => onChange({ ...draft, slotMinutes: typeof value === 'number' ? value : '' })}
			/>
			<Select
				comboboxProps={{ withinPortal: false }}
				label={t('doctor.hours.timeZone')}
				data={zones}
				limit={60}
				searchable
				allowDeselect={false}
				onFocus={event => event.currentTarget.select()}
				value={draft.timeZone}
				onChange={timeZone => timeZone && onChange({ ...draft, timeZone })}
			/>
			<DatePickerInput
				label={t('doctor.hours.validFrom')}
				placeholder={t('doctor.hours.always')}
				clearable
				clearButtonProps={{ 'aria-label': t('doctor.hours.clear', { field: t('doctor.hours.validFrom') }) }}
				{...fromPicker}
				valueFormatter={({ date: value }) => (typeof value === 'string' ? date(value) : '')}
				value={draft.validFrom}
				onChange={validFrom => onChange({ ...draft, validFrom })}
			/>
			<DatePickerInput
				label={t('doctor.hours.validUntil')}
				placeholder={t('doctor.hours.always')}
				clearable
				clearButtonProps={{ 'aria-label': t('doctor.hours.clear', { field: t('doctor.hours.validUntil') }) }}
				{...untilPicker}
				valueFormatter={({ date: value }) => (typeof value === 'string' ? date(value) : '')}
				value={draft.validUntil}
				error={faults?.validUntil && t('doctor.hours.fault.validUntil')}
				onChange={validUntil => onChange({ ...draft, validUntil })}
			/>
		</SimpleGrid>
	)
}

const useHours = (doctorId: string) => {
	const queries = useQueryClient()
	const preview = useMutation({
		mutationFn: (draft: HoursDraft) =>
			request<SchedulePreview>(`/doctors/${doctorId}/schedule/preview`, { method: 'POST', body: toInput(draft) }),
	})
	const save = useMutation({
		mutationFn: async (draft: HoursDraft) => {
			const schedule = await request<Schedule>(`/doctors/${doctorId}/schedule`, { method: 'PUT', body: toInput(draft) })
			const { conflicts: _, ...stored } = schedule
			queries.setQueryData(['schedule', doctorId], stored)
			return await request<GenerationResult>(`/doctors/${doctorId}/slots/generate`, { method: 'POST', body: {} })
		},
		onSuccess: () => void queries.invalidateQueries({ queryKey: ['doctor', doctorId] }),
	})
	return { preview, save }
}

const Saved = ({ result, timeZone }: { result: GenerationResult; timeZone: string }) => {
	const { t } = useTranslation()
	const format = useFormat()
	return (
		<Alert color="green" variant="light" icon={<IconCheck aria-hidden />} role="status" data-testid="hours-saved">
			<Stack gap="xs" c="var(--mantine-color-text)">
				<Text fw={650}>
					{t('doctor.hours.saved', {
						created: format.number(result.created),
						removed: format.number(result.removed),
						kept: format.number(result.kept),
					})}
				</Text>
				{result.conflicts.length > 0 && <Conflicts ids={result.conflicts} timeZone={timeZone} />}
			</Stack>
		</Alert>
	)
}

/** Weekly hours, tried out before they are saved. */
export const HoursForm = ({ schedule }: { schedule: Schedule }) => {
	const { t } = useTranslation()
	const weekdayName = useWeekdayName()
	const [draft, setDraft] = useState(() => toDraft(schedule))
	const [checked, setChecked] = useState(false)
	const { preview, save } = useHours(schedule.doctorId)
	const faults = useMemo(() => faultsOf(draft), [draft])
	const shownFaults = checked ? faults : undefined
	const change = (next: HoursDraft) => {
		setDraft(next)
		preview.reset()
		save.reset()
	}
	const changeDay = (weekday: number, ranges: Range[]) => change({ ...draft, days: { ...draft.days, [weekday]: ranges } })
	const copyMonday = () => {
		const copies = [2, 3, 4, 5].map(weekday => [weekday, (draft.days[1] ?? []).map(({ from, to }) => aRange(from, to))])
		change({ ...draft, days: { ...draft.days, ...Object.fromEntries(copies) } })
	}
	const withGoodDraft = (go: () => void) => () => {
		setChecked(true)
		if (!faults) go()
	}
	return (
		<Stack>
			<Fieldset legend={t('doctor.hours.weekly')}>
				{weekdays.map(weekday => (
					<DayHours
						key={weekday}
						weekday={weekday}
						ranges={draft.days[weekday] ?? []}
						faults={shownFaults}
						onChange={ranges => changeDay(weekday, ranges)}
					/>
				))}
				<Button
					className={classes.wrapping}
					variant="default"
					size="sm"
					mt="xs"
					leftSection={<IconCopy size={16} aria-hidden />}
					onClick={copyMonday}
				>
					{t('doctor.hours.copy', { from: weekdayName(1), first: weekdayName(2), last: weekdayName(5) })}
				</Button>
			</Fieldset>
			<Fields draft={draft} faults={shownFaults} onChange={change} />
			{shownFaults && (
				<Text c="var(--mantine-color-error)" role="alert">
					{t('doctor.hours.fault.some')}
				</Text>
			)}
			<Group>
				<Button
					variant="default"
					loading={preview.isPending}
					onClick={withGoodDraft(() => {
						save.reset()
						preview.mutate(draft)
					})}
				>
					{t('doctor.hours.preview')}
				</Button>
				<Button
					loading={save.isPending}
					onClick={withGoodDraft(() => {
						preview.reset()
						save.mutate(draft)
					})}
				>
					{t('app.save')}
				</Button>
			</Group>
			<div aria-live="polite">
				{preview.data && <HoursPreview preview={preview.data} timeZone={draft.timeZone} />}
				{save.data && <Saved result={save.data} timeZone={draft.timeZone} />}
			</div>
			{(preview.error ?? save.error) && <ErrorMessage error={preview.error ?? save.error} />}
		</Stack>
	)
}
