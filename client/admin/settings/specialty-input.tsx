import { Autocomplete } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
// Not over the index, which would bring every schema and their library into the page.
import { specialties } from '../../../contract/specialties.ts'
import type { Language } from '../../i18n/index.ts'

type Props = { value: string; error: string | undefined; required?: boolean; onChange: (specialty: string) => void }

/** A specialty of the list, which patients find in every language; or the clinic's own words. */
export const SpecialtyInput = (props: Props) => {
	const { t, i18n } = useTranslation()
	const names = useMemo(() => {
		const byName = new Intl.Collator(i18n.language)
		return [...new Set(specialties.map(({ names }) => names[i18n.language as Language]))].sort(byName.compare)
	}, [i18n.language])
	return (
		<Autocomplete label={t('account.specialty')} data={names} limit={8} maxLength={80} comboboxProps={{ withinPortal: false }} {...props} />
	)
}
