import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import en from './en.ts'

export const languages = { en: 'English', es: 'Español', de: 'Deutsch', ar: 'العربية' } as const
export type Language = keyof typeof languages

const isLanguage = (code: string | undefined): code is Language => code !== undefined && Object.hasOwn(languages, code)

const load: Record<Exclude<Language, 'en'>, () => Promise<{ default: object }>> = {
	es: () => import('./es.ts'),
	de: () => import('./de.ts'),
	ar: () => import('./ar.ts'),
}

/** Texts of the screens that only the clinic's own people see. */
const loadClinic: Record<Language, () => Promise<{ default: object }>> = {
	en: () => import('./en-clinic.ts'),
	es: () => import('./es-clinic.ts'),
	de: () => import('./de-clinic.ts'),
	ar: () => import('./ar-clinic.ts'),
}

const stored = 'liveslot-language'

const firstChoice = (): Language => {
	let saved: string | undefined
	try {
		saved = localStorage.getItem(stored) ?? undefined
	} catch {}
	return [saved, ...navigator.languages.map(tag => tag.slice(0, 2))].find(isLanguage) ?? 'en'
}

export const directionOf = (language: string): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr')

const apply = (language: Language) => {
	document.documentElement.lang = language
	document.documentElement.dir = directionOf(language)
}

let clinicWanted = false

const addClinicTexts = async (language: Language) => {
	if (i18next.getResource(language, 'translation', 'desk')) return
	const texts = await loadClinic[language]()
	i18next.addResourceBundle(language, 'translation', texts.default, true, true)
}

/** Must have been waited for before a screen of the clinic's own people is shown. */
export const wantClinicTexts = async (): Promise<void> => {
	clinicWanted = true
	await Promise.all([...new Set<Language>(['en', i18next.language as Language])].map(addClinicTexts))
}

export const setLanguage = async (language: Language): Promise<void> => {
	if (language !== 'en' && !i18next.hasResourceBundle(language, 'translation')) {
		const texts = await load[language]()
		i18next.addResourceBundle(language, 'translation', texts.default)
	}
	if (clinicWanted) await addClinicTexts(language)
	await i18next.changeLanguage(language)
	apply(language)
	try {
		localStorage.setItem(stored, language)
	} catch {}
}

/** English is on board; another language is fetched before the first screen, so that nothing changes before one's eyes. */
export const startI18n = async (): Promise<void> => {
	await i18next.use(initReactI18next).init({
		lng: 'en',
		fallbackLng: 'en',
		resources: { en: { translation: en } },
		interpolation: { escapeValue: false },
		returnNull: false,
	})
	await setLanguage(firstChoice()).catch(() => apply('en'))
}
