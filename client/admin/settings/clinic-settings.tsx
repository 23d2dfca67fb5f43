import { Fieldset, NativeSelect, NumberInput, Paper, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core'
import { type FormEvent, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Clinic, ClinicChanges } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { viewerZone } from '../../i18n/format.ts'
import { languages } from '../../i18n/index.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { Confirm } from '../confirm.tsx'
import { AddressFields, addressText, toAddress, toAddressDraft } from './address-fields.tsx'
import { ColorField } from './color-field.tsx'
import { countryOf } from './countries.ts'
import { changesOf, given, useDraft, useFaults } from './draft.ts'
import { DurationInput, useDurationText } from './duration-input.tsx'
import { PictureField } from './picture-field.tsx'
import { keys, useClinic, useSaving } from './queries.ts'
import { Reminders } from './reminders.tsx'
import { type Change, differencesOf, SaveBar } from './save-bar.tsx'
import type { StepProps } from './step.ts'
import { ZoneSelect } from './zone-select.tsx'

/** Who the clinic is, how patients reach it, and what it allows them. */
export const ClinicSettings = ({ isFirst = false, onSaved }: StepProps) => {
	const { t } = useTranslation()
	const clinic = useClinic()
	return (
		<Loaded query={clinic} outline={[60, 60, 120, 60]}>
			{found => (
				<Stack gap="lg">
					<ClinicForm clinic={found} isFirst={isFirst} onSaved={onSaved} />
					<Paper withBorder p="md">
						<PictureField label={t('setup.clinic.logo')} path="/clinic/logo" url={found.logoUrl} changed={[keys.clinic]} />
					</Paper>
				</Stack>
			)}
		</Loaded>
	)
}

const ClinicForm = ({ clinic, isFirst, onSaved }: { clinic: Clinic; isFirst: boolean; onSaved: (() => void) | undefined }) => {
	const { t, i18n } = useTranslation()
	const first = useMemo(() => toDraft(clinic), [clinic])
	const fields = useDraft(
		isFirst ? { ...first, name: '', country: first.country || (countryOf() ?? ''), timeZone: viewerZone(), locale: i18n.language } : first,
	)
	const { draft, set, text } = fields
	const { policy: before, ...profile } = toBody(first)
	const { policy: after, ...newProfile } = toBody(draft)
	const policy = changesOf(before, after)
	// What is left as it was stays open to the server's own values.
	const changes = { ...changesOf(profile, newProfile), ...(Object.keys(policy).length > 0 && { policy }) } as ClinicChanges
	const [asking, setAsking] = useState(false)
	const save = useSaving(
		(body: ClinicChanges) => request<Clinic>('/clinic', { method: 'PATCH', body }),
		[keys.clinic],
		() => onSaved?.(),
	)
	const faultOf = useFaults(save.error)
	const texts = useChangeTexts(first, draft)
	const send = () => save.mutate({ ...changes, name: draft.name.trim() }, { onSettled: () => setAsking(false) })
	const submit = (event: FormEvent) => {
		event.preventDefault()
		if (Number(draft.slotDaysAhead) < Number(first.slotDaysAhead)) setAsking(true)
		else send()
	}
	return (
		<form onSubmit={submit} noValidate>
			<Stack>
				<TextInput label={t('setup.clinic.name')} required maxLength={120} error={faultOf('name')} {...text('name')} />
				<Fieldset legend={t('setup.address.title')}>
					<Stack gap="sm">
						<AddressFields fields={fields} faultOf={faultOf} />
					</Stack>
				</Fieldset>
				<SimpleGrid cols={{ base: 1, xs: 2 }}>
					<TextInput label={t('setup.clinic.phone')} type="tel" maxLength={32} error={faultOf('phone')} {...text('phone')} />
					<TextInput label={t('setup.clinic.email')} type="email" maxLength={254} error={faultOf('email')} {...text('email')} />
					<TextInput label={t('setup.clinic.website')} inputMode="url" maxLength={500} error={faultOf('website')} {...text('website')} />
					<ZoneSelect value={draft.timeZone} error={faultOf('timeZone')} onChange={timeZone => set({ timeZone })} />
					<NativeSelect
						label={t('setup.clinic.language')}
						description={t('setup.clinic.languageText')}
						data={[...Object.entries(languages).map(([value, label]) => ({ value, label })), ...otherLanguage(first.locale)]}
						{...text('locale')}
					/>
					<ColorField
						label={t('setup.clinic.accent')}
						description={t('setup.clinic.accentText')}
						error={faultOf('accent')}
						value={draft.accent}
						onChange={accent => set({ accent })}
					/>
					<TextInput
						label={t('setup.clinic.privacyUrl')}
						inputMode="url"
						maxLength={500}
						error={faultOf('privacyUrl')}
						{...text('privacyUrl')}
					/>
					<TextInput
						label={t('setup.clinic.imprintUrl')}
						inputMode="url"
						maxLength={500}
						error={faultOf('imprintUrl')}
						{...text('imprintUrl')}
					/>
				</SimpleGrid>
				<Fieldset legend={t('setup.policy.title')}>
					<SimpleGrid cols={{ base: 1, xs: 2 }}>
						<DurationInput
							label={t('setup.policy.cancelCutoff')}
							minutes={draft.cancelCutoffMinutes}
							error={faultOf('cancelCutoffMinutes')}
							onChange={cancelCutoffMinutes => set({ cancelCutoffMinutes })}
						/>
						<NumberInput
							label={t('setup.policy.maxUpcoming')}
							placeholder={t('setup.noLimit')}
							min={1}
							max={100}
							allowDecimal={false}
							error={faultOf('maxUpcomingPerPatient')}
							value={draft.maxUpcomingPerPatient}
							onChange={value => set({ maxUpcomingPerPatient: value === '' ? '' : Number(value) })}
						/>
						<NativeSelect
							label={t('setup.policy.overbooking.label')}
							data={overbookings.map(value => ({ value, label: t(`setup.policy.overbooking.${value}`) }))}
							{...text('overbooking')}
						/>
						<Switch
							mt="lg"
							label={t('setup.policy.waitlist')}
							checked={draft.waitlist}
							onChange={event => set({ waitlist: event.currentTarget.checked })}
						/>
						<NumberInput
							label={t('setup.policy.slotDaysAhead')}
							min={1}
							max={366}
							allowDecimal={false}
							error={faultOf('slotDaysAhead')}
							value={draft.slotDaysAhead}
							onChange={value => set({ slotDaysAhead: value === '' ? '' : Number(value) })}
						/>
					</SimpleGrid>
				</Fieldset>
				<Reminders
					minutes={draft.reminderMinutes}
					error={faultOf('reminderMinutes')}
					onChange={reminderMinutes => set({ reminderMinutes })}
				/>
				<SaveBar
					changes={texts}
					note={'policy' in changes ? t('setup.policy.note') : undefined}
					saving={save}
					isNew={isFirst}
					{...(onSaved && { label: t('setup.saveAndGoOn') })}
				/>
			</Stack>
			<Confirm
				opened={asking}
				title={t('setup.policy.cutTitle')}
				text={t('setup.policy.cutText', { days: draft.slotDaysAhead })}
				action={t('app.save')}
				doing={{ isPending: save.isPending, error: null }}
				onConfirm={send}
				onClose={() => setAsking(false)}
			/>
		</form>
	)
}

const overbookings = ['nobody', 'staff', 'doctors_and_staff'] as const

/** A language that the pages are not in, which other programs may have set. */
const otherLanguage = (locale: string) => (locale in languages ? [] : [{ value: locale, label: locale }])

const toDraft = (clinic: Clinic) => ({
	name: clinic.name,
	...toAddressDraft(clinic.address),
	phone: clinic.phone ?? '',
	email: clinic.email ?? '',
	website: clinic.website ?? '',
	timeZone: clinic.timeZone,
	locale: clinic.locale,
	privacyUrl: clinic.privacyUrl ?? '',
	imprintUrl: clinic.imprintUrl ?? '',
	accent: clinic.accent ?? '',
	cancelCutoffMinutes: clinic.policy.cancelCutoffMinutes,
	maxUpcomingPerPatient: (clinic.policy.maxUpcomingPerPatient ?? '') as number | '',
	overbooking: clinic.policy.overbooking as string,
	waitlist: clinic.policy.waitlist,
	slotDaysAhead: clinic.policy.slotDaysAhead as number | '',
	reminderMinutes: clinic.policy.reminderMinutes,
})
type Draft = ReturnType<typeof toDraft>

const toBody = (draft: Draft) => ({
	name: draft.name.trim(),
	address: toAddress(draft),
	phone: given(draft.phone),
	email: given(draft.email),
	website: toWebAddress(draft.website),
	timeZone: draft.timeZone,
	locale: draft.locale,
	privacyUrl: toWebAddress(draft.privacyUrl),
	imprintUrl: toWebAddress(draft.imprintUrl),
	accent: given(draft.accent),
	policy: {
		cancelCutoffMinutes: draft.cancelCutoffMinutes,
		maxUpcomingPerPatient: draft.maxUpcomingPerPatient === '' ? null : draft.maxUpcomingPerPatient,
		overbooking: draft.overbooking,
		waitlist: draft.waitlist,
		slotDaysAhead: draft.slotDaysAhead === '' ? undefined : draft.slotDaysAhead,
		reminderMinutes: longestFirst(draft.reminderMinutes),
	},
})

const longestFirst = (minutes: number[]) => [...new Set(minutes)].sort((a, b) => b - a)

const toWebAddress = (text: string) => {
	const typed = given(text)
	return typed && !/^\w+:/.test(typed) ? `https://${typed}` : typed
}

function useChangeTexts(first: Draft, draft: Draft): Change[] {
	const { t } = useTranslation()
	const duration = useDurationText()
	const textOf = (value: Draft) => ({
		[t('setup.clinic.name')]: value.name.trim(),
		[t('setup.address.title')]: addressText(toAddress(value) as Parameters<typeof addressText>[0]),
		[t('setup.clinic.phone')]: value.phone,
		[t('setup.clinic.email')]: value.email,
		[t('setup.clinic.website')]: value.website,
		[t('setup.timeZone')]: value.timeZone,
		[t('setup.clinic.language')]: languages[value.locale as keyof typeof languages] ?? value.locale,
		[t('setup.clinic.accent')]: value.accent,
		[t('setup.clinic.privacyUrl')]: value.privacyUrl,
		[t('setup.clinic.imprintUrl')]: value.imprintUrl,
		[t('setup.policy.cancelCutoff')]: duration(value.cancelCutoffMinutes),
		[t('setup.policy.maxUpcoming')]: String(value.maxUpcomingPerPatient),
		[t('setup.policy.overbooking.label')]: t(`setup.policy.overbooking.${value.overbooking}`),
		[t('setup.policy.waitlist')]: t(value.waitlist ? 'setup.yes' : 'setup.no'),
		[t('setup.policy.slotDaysAhead')]: String(value.slotDaysAhead),
		[t('setup.reminders.title')]: longestFirst(value.reminderMinutes).map(duration).join(', '),
	})
	return differencesOf(textOf(first), textOf(draft))
}
