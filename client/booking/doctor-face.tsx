import { useTranslation } from 'react-i18next'
import type { AppointmentType, Doctor } from '../../contract/index.ts'

/** The first letters of the first and the last name; titles are not names. */
export const initialsOf = (fullName: string): string => {
	const names = fullName.split(/\s+/).filter(name => name && !name.endsWith('.'))
	return [names[0], names.length > 1 ? names.at(-1) : undefined].map(name => [...(name ?? '')][0] ?? '').join('')
}

type Props = { doctor: Pick<Doctor, 'fullName' | 'photoUrl'>; className: string | undefined }

/** The photo; the initials where there is none. The name stands beside either. */
export const DoctorFace = ({ doctor, className }: Props) => (
	<span className={className} aria-hidden>
		{doctor.photoUrl ? <img src={doctor.photoUrl} alt="" loading="lazy" decoding="async" /> : initialsOf(doctor.fullName)}
	</span>
)

/** A specialty in the reader's language, where it is one that the product knows; else in the clinic's words. */
export const useSpecialtyName = () => {
	const { i18n } = useTranslation()
	return ({ specialty, specialtyNames }: Pick<Doctor, 'specialty' | 'specialtyNames'>) => specialtyNames?.[i18n.language] ?? specialty
}

/** A kind of visit in the reader's language, where the clinic has named it so. */
export const useTypeName = () => {
	const { i18n } = useTranslation()
	return ({ name, names }: Pick<AppointmentType, 'name' | 'names'>) => names?.[i18n.language] ?? name
}

/** Languages in words of the reader's own. */
export const useLanguageNames = () => {
	const { i18n } = useTranslation()
	const names = new Intl.DisplayNames([i18n.language], { type: 'language' })
	const list = new Intl.ListFormat(i18n.language, { type: 'conjunction' })
	return {
		nameOf: (tag: string) => names.of(tag) ?? tag,
		listOf: (tags: readonly string[]) => list.format(tags.map(tag => names.of(tag) ?? tag)),
	}
}
