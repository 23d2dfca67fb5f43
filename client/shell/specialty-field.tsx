import { TextInput, type TextInputProps } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Language } from '../../contract/index.ts'

type Props = Omit<TextInputProps, 'list' | 'onChange'> & { onChange: (specialty: string) => void }

/**
 * A specialty: one that the product knows by name, which patients then find by everyday words in four languages, or the clinic's own
 * words. The text is all that the server needs.
 */
export const SpecialtyField = ({ onChange, ...props }: Props) => {
	const { t, i18n } = useTranslation()
	const id = useId()
	const named = (useKnownSpecialties() ?? []).map(({ names }) => names[i18n.language as Language] ?? names.en)
	return (
		<>
			<TextInput
				size="md"
				label={t('account.specialty')}
				maxLength={80}
				autoComplete="off"
				{...props}
				list={id}
				onChange={event => onChange(event.currentTarget.value)}
			/>
			<datalist id={id}>
				{named
					.sort((a, b) => a.localeCompare(b, i18n.language))
					.map(name => (
						<option key={name} value={name} />
					))}
			</datalist>
		</>
	)
}

/** Their names and words are many: they are fetched for those forms alone. */
const useKnownSpecialties = () =>
	useQuery({
		queryKey: ['known-specialties'],
		queryFn: async () => (await import('../../contract/specialties.ts')).specialties,
		staleTime: Number.POSITIVE_INFINITY,
	}).data
