import { Checkbox, Fieldset, Group, NumberInput, Radio, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppointmentType, Doctor } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { languages } from '../../i18n/index.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { ColorField } from './color-field.tsx'
import { changesOf, given, useDraft, useFaults } from './draft.ts'
import { DurationInput, useDurationText } from './duration-input.tsx'
import { keys, useDoctors, useSaving } from './queries.ts'
import { differencesOf, SaveBar } from './save-bar.tsx'

type TypeFormProps = {
	type?: AppointmentType
	/** The clinic's language, which the name is in. */
	locale: string
	onClose: () => void
}

/** Everything that a kind of appointment asks for. */
export const TypeForm = ({ type, locale, onClose }: TypeFormProps) => {
	const { t } = useTranslation()
	const first = useMemo(() => toDraft(type), [type])
	const fields = useDraft(first)
	const { draft, set, text } = fields
	const changes = changesOf(toBody(first), toBody(draft))
	const save = useSaving(
		() =>
			type
				? request(`/appointment-types/${type.id}`, { method: 'PATCH', body: changes })
				: request('/appointment-types', { method: 'POST', body: toBody(draft) }),
		[keys.types],
		onClose,
	)
	const faultOf = useFaults(save.error)
	const count = (name: 'maxDaysAhead' | 'dailyLimit', max: number) => ({
		placeholder: t('setup.noLimit'),
		min: 1,
		max,
		allowDecimal: false,
		error: faultOf(name),
		value: draft[name],
		onChange: (value: string | number) => set({ [name]: value === '' ? '' : Number(value) }),
	})
	const submit = (event: FormEvent) => {
		event.preventDefault()
		save.mutate(undefined)
	}
	return (
		<form onSubmit={submit} noValidate aria-label={type?.name ?? t('setup.types.add')}>
			<Stack>
				<TextInput label={t('setup.types.name')} required maxLength={120} error={faultOf('name')} {...text('name')} />
				<SimpleGrid cols={{ base: 1, xs: 2 }}>
					<NumberInput
						label={t('setup.types.minutes')}
						required
						min={5}
						max={480}
						step={5}
						allowDecimal={false}
						error={faultOf('minutes')}
						value={draft.minutes}
						onChange={value => set({ minutes: value === '' ? '' : Number(value) })}
					/>
					<NumberInput
						label={t('setup.types.bufferMinutes')}
						min={0}
						max={120}
						step={5}
						allowDecimal={false}
						error={faultOf('bufferMinutes')}
						value={draft.bufferMinutes}
						onChange={value => set({ bufferMinutes: Number(value) })}
					/>
					<DurationInput
						label={t('setup.types.notice')}
						minutes={draft.minNoticeMinutes}
						error={faultOf('minNoticeMinutes')}
						onChange={minNoticeMinutes => set({ minNoticeMinutes })}
					/>
					<NumberInput label={t('setup.types.maxDaysAhead')} {...count('maxDaysAhead', 730)} />
					<NumberInput label={t('setup.types.dailyLimit')} {...count('dailyLimit', 500)} />
					<TextInput label={t('setup.types.price')} maxLength={60} error={faultOf('price')} {...text('price')} />
				</SimpleGrid>
				<Textarea label={t('setup.types.description')} maxLength={2000} autosize minRows={2} {...text('description')} />
				<Textarea label={t('setup.types.instructions')} maxLength={2000} autosize minRows={2} {...text('instructions')} />
				<Radio.Group
					label={t('setup.types.visibility.label')}
					value={draft.visibility}
					onChange={visibility => set({ visibility: visibility as Draft['visibility'] })}
				>
					<Group mt="xs">
						<Radio value="public" label={t('setup.types.visibility.public')} />
						<Radio value="staff" label={t('setup.types.visibility.staff')} />
					</Group>
				</Radio.Group>
				<DoctorsOfType draft={draft} faultOf={faultOf} onChange={set} />
				<Fieldset legend={t('setup.types.names')}>
					<SimpleGrid cols={{ base: 1, xs: 2 }}>
						{Object.entries(languages)
							.filter(([code]) => !locale.startsWith(code))
							.map(([code, label]) => (
								<TextInput
									key={code}
									label={label}
									lang={code}
									maxLength={120}
									value={draft.names[code] ?? ''}
									onChange={event => set({ names: { ...draft.names, [code]: event.currentTarget.value } })}
								/>
							))}
					</SimpleGrid>
				</Fieldset>
				<ColorField label={t('setup.types.color')} error={faultOf('color')} value={draft.color} onChange={color => set({ color })} />
				<SaveBar
					changes={useChangeTexts(first, draft)}
					isDirty={Object.keys(changes).length > 0}
					note={t('setup.types.note')}
					saving={save}
					isNew={type === undefined}
					onCancel={onClose}
				/>
			</Stack>
		</form>
	)
}

type DoctorsProps = { draft: Draft; faultOf: (name: string) => string | undefined; onChange: (changes: Partial<Draft>) => void }

const DoctorsOfType = ({ draft, faultOf, onChange }: DoctorsProps) => {
	const { t } = useTranslation()
	const doctors = useDoctors()
	return (
		<Stack gap="xs">
			<Radio.Group
				label={t('setup.types.doctors')}
				error={faultOf('doctors')}
				value={draft.byAll ? 'all' : 'some'}
				onChange={value => onChange({ byAll: value === 'all' })}
			>
				<Group mt="xs">
					<Radio value="all" label={t('setup.types.allDoctors')} />
					<Radio value="some" label={t('setup.types.chosenDoctors')} />
				</Group>
			</Radio.Group>
			{!draft.byAll && (
				<Loaded query={doctors} outline={[40, 40]}>
					{found =>
						found.length === 0 ? (
							<Text fz="sm">{t('setup.types.noDoctors')}</Text>
						) : (
							<Stack gap="xs" mah={320} style={{ overflowY: 'auto' }}>
								{found.map(doctor => (
									<DoctorOfType key={doctor.id} doctor={doctor} draft={draft} onChange={onChange} />
								))}
							</Stack>
						)
					}
				</Loaded>
			)}
		</Stack>
	)
}

const DoctorOfType = ({ doctor, draft, onChange }: Omit<DoctorsProps, 'faultOf'> & { doctor: Doctor }) => {
	const { t } = useTranslation()
	const own = draft.own[doctor.id]
	const change = (minutes: number | '' | undefined) => {
		const { [doctor.id]: _, ...others } = draft.own
		onChange({ own: minutes === undefined ? others : { ...others, [doctor.id]: minutes } })
	}
	return (
		<Group justify="space-between" wrap="nowrap">
			<Checkbox
				label={doctor.fullName}
				checked={own !== undefined}
				onChange={event => change(event.currentTarget.checked ? '' : undefined)}
			/>
			{own !== undefined && (
				<NumberInput
					w={150}
					aria-label={t('setup.types.ownMinutes', { name: doctor.fullName })}
					placeholder={String(draft.minutes)}
					min={5}
					max={480}
					step={5}
					allowDecimal={false}
					value={own}
					onChange={value => change(value === '' ? '' : Number(value))}
				/>
			)}
		</Group>
	)
}

const toDraft = (type: AppointmentType | undefined) => ({
	name: type?.name ?? '',
	description: type?.description ?? '',
	instructions: type?.instructions ?? '',
	minutes: (type?.minutes ?? 15) as number | '',
	bufferMinutes: type?.bufferMinutes ?? 0,
	minNoticeMinutes: type?.minNoticeMinutes ?? 0,
	maxDaysAhead: (type?.maxDaysAhead ?? '') as number | '',
	dailyLimit: (type?.dailyLimit ?? '') as number | '',
	price: type?.price ?? '',
	color: type?.color ?? '',
	visibility: type?.visibility ?? ('public' as const),
	byAll: type === undefined || type.doctors === 'all',
	/** Doctors who offer it, each with their own minutes or none. */
	own: Object.fromEntries(
		(type === undefined || type.doctors === 'all' ? [] : type.doctors).map(({ doctorId, minutes }) => [doctorId, minutes ?? '']),
	) as Record<string, number | ''>,
	names: (type?.names ?? {}) as Record<string, string>,
})
type Draft = ReturnType<typeof toDraft>

const toBody = (draft: Draft) => {
	const names = Object.entries(draft.names).filter(([, name]) => name.trim())
	return {
		name: draft.name.trim(),
		description: given(draft.description),
		instructions: given(draft.instructions),
		minutes: draft.minutes === '' ? undefined : draft.minutes,
		bufferMinutes: draft.bufferMinutes,
		minNoticeMinutes: draft.minNoticeMinutes,
		maxDaysAhead: draft.maxDaysAhead === '' ? undefined : draft.maxDaysAhead,
		dailyLimit: draft.dailyLimit === '' ? undefined : draft.dailyLimit,
		price: given(draft.price),
		color: given(draft.color),
		visibility: draft.visibility,
		doctors: draft.byAll
			? 'all'
			: Object.entries(draft.own).map(([doctorId, minutes]) => ({ doctorId, ...(minutes !== '' && { minutes }) })),
		names: names.length > 0 ? Object.fromEntries(names.map(([code, name]) => [code, name.trim()])) : undefined,
	}
}

const useChangeTexts = (first: Draft, draft: Draft) => {
	const { t } = useTranslation()
	const duration = useDurationText()
	const textOf = (value: Draft) => ({
		[t('setup.types.name')]: value.name.trim(),
		[t('setup.types.minutes')]: String(value.minutes),
		[t('setup.types.bufferMinutes')]: String(value.bufferMinutes),
		[t('setup.types.notice')]: duration(value.minNoticeMinutes),
		[t('setup.types.maxDaysAhead')]: String(value.maxDaysAhead),
		[t('setup.types.dailyLimit')]: String(value.dailyLimit),
		[t('setup.types.price')]: value.price,
		[t('setup.types.description')]: value.description,
		[t('setup.types.instructions')]: value.instructions,
		[t('setup.types.visibility.label')]: t(`setup.types.visibility.${value.visibility}`),
		[t('setup.types.doctors')]: value.byAll
			? t('setup.types.allDoctors')
			: t('setup.types.someDoctors', { number: Object.keys(value.own).length }) +
				Object.values(value.own)
					.filter(minutes => minutes !== '')
					.map(minutes => ` · ${duration(minutes as number)}`)
					.join(''),
		[t('setup.types.names')]: Object.values(value.names)
			.filter(name => name.trim())
			.join(', '),
		[t('setup.types.color')]: value.color,
	})
	return differencesOf(textOf(first), textOf(draft))
}
