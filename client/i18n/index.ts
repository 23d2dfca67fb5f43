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

type Load = () => Promise<{ default: object }>

/** Texts that few screens need: of those that only the clinic's own people see, of setting up the clinic, and of the security page. */
const loadExtra = {
	clinic: {
		en: () => import('./en-clinic.ts'),
		es: () => import('./es-clinic.ts'),
		de: () => import('./de-clinic.ts'),
		ar: () => import('./ar-clinic.ts'),
	},
	waiting: {
		en: () => import('./en-waiting.ts'),
		es: () => import('./es-waiting.ts'),
		de: () => import('./de-waiting.ts'),
		ar: () => import('./ar-waiting.ts'),
	},
	setup: {
		en: () => import('./en-setup.ts'),
		es: () => import('./es-setup.ts'),
		de: () => import('./de-setup.ts'),
		ar: () => import('./ar-setup.ts'),
	},
	doors: {
		en: () => import('./en-doors.ts'),
		es: () => import('./es-doors.ts'),
		de: () => import('./de-doors.ts'),
		ar: () => import('./ar-doors.ts'),
	},
	security: {
		en: () => import('./en-security.ts'),
		es: () => import('./es-security.ts'),
		de: () => import('./de-security.ts'),
		ar: () => import('./ar-security.ts'),
	},
} satisfies Record<string, Record<Language, Load>>

type Extra = keyof typeof loadExtra

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

const wanted = new Set<Extra>()
const added = new Set<string>()

const addTexts = async (extra: Extra, language: Language) => {
	const name = `${extra} ${language}`
	if (added.has(name)) return
	const texts = await loadExtra[extra][language]()
	i18next.addResourceBundle(language, 'translation', texts.default, true, true)
	added.add(name)
}

/** Must have been waited for before a screen that needs these texts is shown. */
export const wantTexts = async (extra: Extra): Promise<void> => {
	wanted.add(extra)
	await Promise.all([...new Set<Language>(['en', i18next.language as Language])].map(language => addTexts(extra, language)))
}

export const setLanguage = async (language: Language): Promise<void> => {
	if (language !== 'en' && !i18next.hasResourceBundle(language, 'translation')) {
		const texts = await load[language]()
		i18next.addResourceBundle(language, 'translation', texts.default)
	}
	await Promise.all([...wanted].map(extra => addTexts(extra, language)))
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
