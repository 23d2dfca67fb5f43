import { Autocomplete, type AutocompleteProps } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

/**
 * A specialty: one that the product knows by name, which patients then find by everyday words in four languages, or the clinic's own
 * words. `onChange` gives the text, which is all that the server needs.
 */
export const SpecialtyField = (props: Omit<AutocompleteProps, 'data' | 'filter'>) => {
	const { t, i18n } = useTranslation()
	const known = useKnownSpecialties()
	const data = (known?.specialties ?? []).map(({ names }) => names[i18n.language as keyof typeof names] ?? names.en)
	return (
		<Autocomplete
			size="md"
			label={t('account.specialty')}
			maxLength={80}
			comboboxProps={{ withinPortal: false }}
			{...props}
			data={[...new Set(data)].sort((a, b) => a.localeCompare(b, i18n.language))}
			filter={({ options, search }) => {
				const meant = new Set(known?.specialtiesMeant(search).flatMap(({ names }) => Object.values(names)))
				return search.trim() === '' || !known
					? options
					: options.filter(
							option => 'label' in option && (meant.has(option.label) || option.label.toLowerCase().includes(search.toLowerCase())),
						)
			}}
		/>
	)
}

/** Their names and words are many: they are fetched for those forms alone. */
const useKnownSpecialties = () =>
	useQuery({ queryKey: ['known-specialties'], queryFn: () => import('../../contract/specialties.ts'), staleTime: Number.POSITIVE_INFINITY })
		.data
