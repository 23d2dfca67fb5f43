import { MultiSelect, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Doctor } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { localeOf } from '../../i18n/format.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { SpecialtyField } from '../../shell/specialty-field.tsx'
import { changesOf, given, useDraft, useFaults } from './draft.ts'
import { PictureField } from './picture-field.tsx'
import { keys, useSaving } from './queries.ts'
import { differencesOf, SaveBar } from './save-bar.tsx'

/** What patients read of a doctor. */
export const DoctorForm = ({ doctorId, onClose }: { doctorId: string; onClose: () => void }) => {
	const { t } = useTranslation()
	const key = ['doctor', doctorId]
	const doctor = useQuery({ queryKey: key, queryFn: ({ signal }) => request<Doctor>(`/doctors/${doctorId}`, { signal }) })
	return (
		<Loaded query={doctor} outline={[60, 60, 100]}>
			{found => (
				<Stack gap="lg">
					<PictureField
						label={t('setup.doctors.photo')}
						path={`/doctors/${doctorId}/photo`}
						url={found.photoUrl}
						changed={[key, keys.doctors]}
					/>
					<ProfileForm doctor={found} onClose={onClose} />
				</Stack>
			)}
		</Loaded>
	)
}

const ProfileForm = ({ doctor, onClose }: { doctor: Doctor; onClose: () => void }) => {
	const { t } = useTranslation()
	const first = useMemo(() => toDraft(doctor), [doctor])
	const { draft, set, text } = useDraft(first)
	const languages = useLanguages(draft.languages)
	const changes = changesOf(toBody(first), toBody(draft))
	const save = useSaving(
		() => request<Doctor>(`/doctors/${doctor.id}`, { method: 'PATCH', body: changes }),
		[['doctor', doctor.id], keys.doctors],
		onClose,
	)
	const faultOf = useFaults(save.error)
	const textOf = (value: Draft) => ({
		[t('setup.doctors.title')]: value.title,
		[t('account.specialty')]: value.specialty,
		[t('setup.doctors.languages')]: value.languages.map(tag => languages.find(each => each.value === tag)?.label ?? tag).join(', '),
		[t('setup.doctors.bio')]: value.bio,
	})
	const submit = (event: FormEvent) => {
		event.preventDefault()
		save.mutate(undefined)
	}
	return (
		<form onSubmit={submit} noValidate>
			<Stack>
				<SimpleGrid cols={{ base: 1, xs: 2 }}>
					<TextInput
						label={t('setup.doctors.title')}
						description={t('setup.doctors.titleText')}
						maxLength={120}
						error={faultOf('title')}
						{...text('title')}
					/>
					<SpecialtyField
						size="sm"
						required
						error={faultOf('specialty')}
						{...text('specialty')}
						onChange={specialty => set({ specialty })}
					/>
				</SimpleGrid>
				<MultiSelect
					comboboxProps={{ withinPortal: false }}
					label={t('setup.doctors.languages')}
					data={languages}
					searchable
					hidePickedOptions
					maxValues={20}
					value={draft.languages}
					onChange={chosen => set({ languages: chosen })}
				/>
				<Textarea label={t('setup.doctors.bio')} maxLength={2000} autosize minRows={3} error={faultOf('bio')} {...text('bio')} />
				<SaveBar changes={differencesOf(textOf(first), textOf(draft))} saving={save} onCancel={onClose} />
			</Stack>
		</form>
	)
}

const toDraft = (doctor: Doctor) => ({
	title: doctor.title ?? '',
	specialty: doctor.specialty,
	languages: doctor.languages ?? [],
	bio: doctor.bio ?? '',
})
type Draft = ReturnType<typeof toDraft>

const toBody = (draft: Draft) => ({
	title: given(draft.title),
	specialty: draft.specialty.trim(),
	languages: draft.languages.length > 0 ? draft.languages : undefined,
	bio: given(draft.bio),
})

const spoken =
	'am ar az bg bn bs ca cs da de el en es et fa fi fr gu he hi hr hu hy id it ja ka kk ko ku lt lv mk ml mr ms nl no pa pl ps pt ro ru sk sl so sq sr sv sw ta te th ti tl tr uk ur vi zh'.split(
		' ',
	)

const useLanguages = (chosen: readonly string[]) => {
	const { i18n } = useTranslation()
	return useMemo(() => {
		const names = new Intl.DisplayNames(localeOf(i18n.language), { type: 'language' })
		const byName = new Intl.Collator(i18n.language)
		return [...new Set([...spoken, ...chosen])]
			.map(value => ({ value, label: names.of(value) ?? value }))
			.sort((a, b) => byName.compare(a.label, b.label))
	}, [i18n.language, chosen])
}
