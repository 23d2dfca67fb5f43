import {
	Button,
	Checkbox,
	Group,
	List,
	NativeSelect,
	NumberInput,
	SimpleGrid,
	Skeleton,
	Stack,
	Text,
	TextInput,
	Title,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Doctor, Page, Plan, SchedulePreview, Site, WeeklyHours } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { dateIn, useFormat } from '../../i18n/format.ts'
import { Failure, Visits } from '../in-use.tsx'
import { keys, useSaving } from './queries.ts'

/** A week in which every working day is alike, perhaps with a break; or the week of another doctor. */
export type QuickHours = {
	siteId: string
	slotMinutes: number
	weekdays: string[]
	start: string
	end: string
	breakStart: string
	breakEnd: string
	copied?: { name: string; weekly: WeeklyHours[] }
}

export const usualHours = (siteId: string): QuickHours => ({
	siteId,
	slotMinutes: 15,
	weekdays: ['1', '2', '3', '4', '5'],
	start: '09:00',
	end: '17:00',
	breakStart: '12:00',
	breakEnd: '13:00',
})

type Props = { doctor: Doctor; start: QuickHours; sites: Site[]; others: Doctor[]; onSaved: (hours: QuickHours) => void }

/** A doctor's first weekly hours, with what they make of the calendar before they are saved. */
export const QuickHoursForm = ({ doctor, start, sites, others, onSaved }: Props) => {
	const { t } = useTranslation()
	const [hours, setHours] = useState(start)
	const set = (changes: Partial<QuickHours>) => setHours(before => ({ ...before, ...changes }))
	const site = sites.find(({ id }) => id === hours.siteId) ?? sites[0]
	const plan = useMemo(() => toPlan(hours, site), [hours, site])
	const [settled] = useDebouncedValue(plan, 300)
	const preview = useQuery({
		queryKey: ['plan-preview', doctor.id, settled],
		queryFn: ({ signal }) => request<SchedulePreview>(`/doctors/${doctor.id}/plans/preview`, { method: 'POST', body: settled, signal }),
		enabled: settled.weekly.length > 0,
		gcTime: 0,
		retry: false,
	})
	const save = useSaving(
		() => request(`/doctors/${doctor.id}/plans`, { method: 'POST', body: plan }),
		[keys.doctors, ['doctor', doctor.id]],
		() => onSaved(hours),
	)
	const submit = (event: FormEvent) => {
		event.preventDefault()
		save.mutate(undefined)
	}
	return (
		<form onSubmit={submit} noValidate aria-label={t('setup.hours.of', { name: doctor.fullName })}>
			<Stack>
				<Title order={2} size="h4">
					{t('setup.hours.of', { name: doctor.fullName })}
				</Title>
				<SimpleGrid cols={{ base: 1, xs: 2 }}>
					<NativeSelect
						label={t('setup.hours.site')}
						data={sites.map(({ id, name }) => ({ value: id, label: name }))}
						value={site?.id ?? ''}
						onChange={event => set({ siteId: event.currentTarget.value })}
					/>
					<NumberInput
						label={t('setup.hours.slotMinutes')}
						min={5}
						max={480}
						step={5}
						allowDecimal={false}
						value={hours.slotMinutes}
						onChange={value => set({ slotMinutes: Number(value) })}
					/>
					{others.length > 0 && <CopySelect others={others} onCopy={copied => set({ ...copied })} />}
				</SimpleGrid>
				{hours.copied ? (
					<Copied copied={hours.copied} onDrop={() => setHours(({ copied: _, ...own }) => own)} />
				) : (
					<EvenWeek hours={hours} onChange={set} />
				)}
				<div aria-live="polite">
					{plan.weekly.length === 0 ? (
						<Text>{t('setup.hours.empty')}</Text>
					) : preview.error ? (
						<Failure error={preview.error} />
					) : preview.data ? (
						<Effects preview={preview.data} />
					) : (
						<Skeleton height={24} />
					)}
				</div>
				{save.error && <Failure error={save.error} />}
				<Group>
					<Button type="submit" size="md" loading={save.isPending} disabled={!preview.data || settled !== plan}>
						{t('setup.hours.save')}
					</Button>
				</Group>
			</Stack>
		</form>
	)
}

const EvenWeek = ({ hours, onChange }: { hours: QuickHours; onChange: (changes: Partial<QuickHours>) => void }) => {
	const { t } = useTranslation()
	const names = useWeekdayNames()
	const time = (name: 'start' | 'end' | 'breakStart' | 'breakEnd') => ({
		type: 'time',
		label: t(`setup.hours.${name}`),
		value: hours[name],
		onChange: (event: React.ChangeEvent<HTMLInputElement>) => onChange({ [name]: event.currentTarget.value }),
	})
	return (
		<>
			<Checkbox.Group label={t('setup.hours.weekdays')} value={hours.weekdays} onChange={weekdays => onChange({ weekdays })}>
				<Group mt="xs" gap="md">
					{names.map((label, index) => (
						<Checkbox key={label} value={String(index + 1)} label={label} />
					))}
				</Group>
			</Checkbox.Group>
			<SimpleGrid cols={{ base: 2, sm: 4 }}>
				<TextInput {...time('start')} />
				<TextInput {...time('end')} />
				<TextInput {...time('breakStart')} />
				<TextInput {...time('breakEnd')} />
			</SimpleGrid>
		</>
	)
}

type CopyProps = { others: Doctor[]; onCopy: (copied: Pick<QuickHours, 'siteId' | 'slotMinutes' | 'copied'>) => void }

const CopySelect = ({ others, onCopy }: CopyProps) => {
	const { t } = useTranslation()
	const copy = useSaving(
		async (doctor: Doctor) => ({ doctor, plans: (await request<Page<Plan>>(`/doctors/${doctor.id}/plans`)).items }),
		[],
		({ doctor, plans }) => {
			const plan = plans.findLast(({ weekly }) => weekly.length > 0)
			if (plan) onCopy({ siteId: plan.siteId, slotMinutes: plan.slotMinutes, copied: { name: doctor.fullName, weekly: plan.weekly } })
		},
	)
	return (
		<NativeSelect
			label={t('setup.hours.copyFrom')}
			data={[{ value: '', label: t('setup.hours.nobody') }, ...others.map(({ id, fullName }) => ({ value: id, label: fullName }))]}
			error={copy.error ? t('error.unreachable') : undefined}
			defaultValue=""
			onChange={event => {
				const doctor = others.find(({ id }) => id === event.currentTarget.value)
				if (doctor) copy.mutate(doctor)
			}}
		/>
	)
}

const Copied = ({ copied, onDrop }: { copied: NonNullable<QuickHours['copied']>; onDrop: () => void }) => {
	const { t } = useTranslation()
	const names = useWeekdayNames()
	const days = [1, 2, 3, 4, 5, 6, 7].filter(day => copied.weekly.some(({ weekday }) => weekday === day))
	return (
		<Stack gap="xs">
			<Text fw={650}>{t('setup.hours.copied', { name: copied.name })}</Text>
			<List size="sm">
				{days.map(day => (
					<List.Item key={day}>
						{`${names[day - 1]}: ${copied.weekly
							.filter(({ weekday }) => weekday === day)
							.map(({ start, end }) => `${start}–${end}`)
							.join(', ')}`}
					</List.Item>
				))}
			</List>
			<Group>
				<Button variant="default" onClick={onDrop}>
					{t('setup.hours.own')}
				</Button>
			</Group>
		</Stack>
	)
}

const Effects = ({ preview: { created, removed, conflicts } }: { preview: SchedulePreview }) => {
	const { t } = useTranslation()
	const format = useFormat()
	return (
		<Stack gap={4} data-testid="hours-effects">
			<Text fw={650}>{t('setup.hours.effects', { created: format.number(created), removed: format.number(removed) })}</Text>
			{conflicts.length > 0 && (
				<>
					<Text fz="sm">{t('setup.closures.conflicts', { number: format.number(conflicts.length) })}</Text>
					<Visits ids={conflicts} />
				</>
			)}
		</Stack>
	)
}

const useWeekdayNames = (): string[] => {
	const { i18n } = useTranslation()
	return useMemo(() => {
		const format = new Intl.DateTimeFormat(i18n.language, { weekday: 'long', timeZone: 'UTC' })
		// A week that starts on a Monday.
		return [1, 2, 3, 4, 5, 6, 7].map(day => format.format(Date.UTC(2024, 0, day)))
	}, [i18n.language])
}

const toPlan = ({ slotMinutes, weekdays, start, end, breakStart, breakEnd, copied }: QuickHours, site: Site | undefined) => ({
	siteId: site?.id ?? '',
	slotMinutes,
	weekly:
		copied?.weekly ??
		weekdays
			.map(Number)
			.sort()
			.flatMap(weekday => rangesOf(start, end, breakStart, breakEnd).map(range => ({ weekday, ...range }))),
	validFrom: dateIn(Date.now(), site?.timeZone ?? 'UTC'),
})

const rangesOf = (start: string, end: string, breakStart: string, breakEnd: string) => {
	const hasBreak = breakStart !== '' && breakEnd !== '' && start < breakStart && breakStart < breakEnd && breakEnd < end
	if (start === '' || end === '' || start >= end) return []
	return hasBreak
		? [
				{ start, end: breakStart },
				{ start: breakEnd, end },
			]
		: [{ start, end }]
}
