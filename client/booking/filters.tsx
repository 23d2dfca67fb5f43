import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { DoctorChoices } from '../../contract/index.ts'
import { useSites } from '../api/clinic.ts'
import { request } from '../api/http.ts'
import { useLanguageNames, useSpecialtyName } from './doctor-face.tsx'
import classes from './doctors.module.css'

export type Filter = 'site' | 'language' | 'specialty'
type Props = { chosen: Record<Filter, string>; onChoose: (filter: Filter, value: string) => void }

/** By what patients narrow the list: only what makes a difference at this clinic. */
export const Filters = ({ chosen, onChoose }: Props) => {
	const { t, i18n } = useTranslation()
	const sites = useSites().data ?? []
	const choices = useChoices()
	const specialtyName = useSpecialtyName()
	const { nameOf } = useLanguageNames()
	const byLabel = (options: { value: string; label: string }[]) => options.sort((a, b) => a.label.localeCompare(b.label, i18n.language))
	const rows: { filter: Filter; options: { value: string; label: string }[] }[] = [
		{
			filter: 'specialty',
			options: byLabel((choices?.specialties ?? []).map(each => ({ value: each.specialty, label: specialtyName(each) }))),
		},
		{ filter: 'site', options: sites.map(({ id, name }) => ({ value: id, label: name })) },
		{ filter: 'language', options: byLabel((choices?.languages ?? []).map(tag => ({ value: tag, label: nameOf(tag) }))) },
	]
	const shown = rows.filter(({ options }) => options.length > 1)
	if (shown.length === 0) return null
	return (
		<div className={classes.filters}>
			{shown.map(({ filter, options }) => (
				<NativeSelect
					key={filter}
					size="md"
					label={t(`faces.filter.${filter}`)}
					data={[{ value: '', label: t(`faces.any.${filter}`) }, ...options]}
					value={chosen[filter]}
					onChange={event => onChoose(filter, event.currentTarget.value)}
				/>
			))}
		</div>
	)
}

const useChoices = () =>
	useQuery({
		queryKey: ['doctor-choices'],
		queryFn: ({ signal }) => request<DoctorChoices>('/doctor-choices', { signal }),
		staleTime: 600_000,
	}).data
