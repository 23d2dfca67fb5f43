import { Button, Checkbox, Fieldset, Group, NativeSelect, NumberInput, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconCopy } from '@tabler/icons-react'
import { type FormEvent, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Plan, Site } from '../../contract/index.ts'
import { Decision, type HoursChange } from './decision.tsx'
import classes from './hours.module.css'
import { RangeFields } from './range-fields.tsx'
import { copied, type Faults, faultsOf, type PlanDraft, toDraft, toInput, weekdays } from './weekly-hours.ts'
import { useWeekdayName } from './words.ts'

type Props = {
	doctorId: string
	timeZone: string
	sites: Site[]
	title: string
	/** What the fields begin with. */
	start: Omit<Plan, 'id'>
	/** The plan that is changed; a new one without. */
	changed?: Plan
	today: string
	onSaved: (conflicts: string[]) => void
	onCancel: () => void
}

/** Weekly hours at a site for some dates, saved after what they change has been shown. */
export const PlanForm = ({ doctorId, timeZone, sites, title, start, changed, today, onSaved, onCancel }: Props) => {
	const { t } = useTranslation()
	const [draft, setDraft] = useState(() => toDraft(start))
	const [checked, setChecked] = useState(false)
	const [asked, setAsked] = useState<HoursChange>()
	const faults = useMemo(() => faultsOf(draft), [draft])
	const shownFaults = checked ? faults : undefined
	const set = (changes: Partial<PlanDraft>) => {
		setDraft(before => ({ ...before, ...changes }))
		setAsked(undefined)
	}
	const ask = (event: FormEvent) => {
		event.preventDefault()
		setChecked(true)
		if (!faults) setAsked(changeOf(draft, changed, t('hours.plans.save')))
	}
	const leavesGap = changed && changed.validFrom <= today && draft.validFrom > today
	return (
		<form onSubmit={ask} noValidate aria-label={title} data-testid="plan-form">
			<Stack>
				<Title order={3} size="h4">
					{title}
				</Title>
				<SimpleGrid cols={{ base: 1, xs: 2 }}>
					<NativeSelect
						label={t('hours.plans.site')}
						data={sites.map(({ id, name }) => ({ value: id, label: name }))}
						value={draft.siteId}
						onChange={event => set({ siteId: event.currentTarget.value })}
					/>
					<NumberInput
						label={t('doctor.hours.slotMinutes')}
						min={5}
						max={480}
						step={5}
						allowDecimal={false}
						value={draft.slotMinutes}
						error={shownFaults?.slotMinutes && t('doctor.hours.fault.slotMinutes')}
						onChange={value => set({ slotMinutes: typeof value === 'number' ? value : '' })}
					/>
					<TextInput
						type="date"
						label={t('doctor.hours.validFrom')}
						description={t('hours.plans.noStart')}
						value={draft.validFrom}
						onChange={event => set({ validFrom: event.currentTarget.value })}
					/>
					<TextInput
						type="date"
						label={t('doctor.hours.validUntil')}
						description={t('hours.plans.noEnd')}
						value={draft.validUntil}
						error={shownFaults?.validUntil && t('doctor.hours.fault.validUntil')}
						onChange={event => set({ validUntil: event.currentTarget.value })}
					/>
				</SimpleGrid>
				{leavesGap && <Text role="status">{t('hours.plans.leavesGap')}</Text>}
				<Week draft={draft} faults={shownFaults?.ranges} onChange={days => set({ days })} />
				{shownFaults && (
					<Text c="var(--mantine-color-error)" role="alert">
						{t('doctor.hours.fault.some')}
					</Text>
				)}
				{asked ? (
					<Decision doctorId={doctorId} timeZone={timeZone} change={asked} onSaved={onSaved} onCancel={() => setAsked(undefined)} />
				) : (
					<Group>
						<Button type="submit" size="md">
							{t('doctor.hours.preview')}
						</Button>
						<Button size="md" variant="default" onClick={onCancel}>
							{t('app.cancel')}
						</Button>
					</Group>
				)}
			</Stack>
		</form>
	)
}

const changeOf = (draft: PlanDraft, changed: Plan | undefined, action: string): HoursChange => {
	const body = toInput(draft)
	return changed
		? { preview: { path: `/plans/${changed.id}/preview`, body }, save: { method: 'PATCH', path: `/plans/${changed.id}`, body }, action }
		: { preview: { path: '/plans/preview', body }, save: { method: 'POST', path: '/plans', body }, action }
}

type WeekProps = { draft: PlanDraft; faults: Faults['ranges'] | undefined; onChange: (days: PlanDraft['days']) => void }

const Week = ({ draft, faults, onChange }: WeekProps) => {
	const { t } = useTranslation()
	const weekdayName = useWeekdayName()
	const [copying, setCopying] = useState<number>()
	return (
		<Fieldset legend={t('doctor.hours.weekly')}>
			{weekdays.map(weekday => (
				<div key={weekday}>
					<RangeFields
						day={weekdayName(weekday)}
						ranges={draft.days[weekday] ?? []}
						faults={faults}
						onChange={ranges => onChange({ ...draft.days, [weekday]: ranges })}
					>
						{(draft.days[weekday] ?? []).length > 0 && (
							<Button
								variant="subtle"
								size="sm"
								leftSection={<IconCopy size={16} aria-hidden />}
								aria-label={t('hours.plans.copyOf', { day: weekdayName(weekday) })}
								aria-expanded={copying === weekday}
								onClick={() => setCopying(copying === weekday ? undefined : weekday)}
							>
								{t('hours.plans.copy')}
							</Button>
						)}
					</RangeFields>
					{copying === weekday && (
						<CopyTo
							weekday={weekday}
							onCopy={to => {
								onChange(copied(draft.days, weekday, to))
								setCopying(undefined)
							}}
						/>
					)}
				</div>
			))}
		</Fieldset>
	)
}

const CopyTo = ({ weekday, onCopy }: { weekday: number; onCopy: (to: number[]) => void }) => {
	const { t } = useTranslation()
	const weekdayName = useWeekdayName()
	const [to, setTo] = useState(() => [1, 2, 3, 4, 5].filter(day => day !== weekday).map(String))
	return (
		<Group className={classes.copy} role="group" aria-label={t('hours.plans.copyOf', { day: weekdayName(weekday) })}>
			<Checkbox.Group value={to} onChange={setTo} aria-label={t('hours.plans.copyTo')}>
				<Group gap="md">
					{weekdays
						.filter(day => day !== weekday)
						.map(day => (
							<Checkbox key={day} value={String(day)} label={weekdayName(day)} />
						))}
				</Group>
			</Checkbox.Group>
			<Button size="sm" variant="light" disabled={to.length === 0} onClick={() => onCopy(to.map(Number))}>
				{t('hours.plans.copyNow')}
			</Button>
		</Group>
	)
}
