import { LRUCache } from 'lru-cache'
import type { Language } from '../../contract/index.ts'
import type { Message } from './message.ts'
import { ar } from './words/ar.ts'
import { de } from './words/de.ts'
import { en } from './words/en.ts'
import { es } from './words/es.ts'
import type { Words } from './words/words.ts'

const words: Record<Language, Words> = { en, es, de, ar }

export const wordsOf = (language: Language): Words => words[language]

export const directionOf = (language: Language): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr')

/** A date and time in the doctor's zone, with the zone's name, because the patient may be in another zone. */
export function fullDate(language: Language, atMs: number, timeZone: string): string {
	return `${formatter(language, timeZone, 'full').format(atMs)} (${timeZone.replaceAll('_', ' ')})`
}

/** From when until when, as the calendar keeps it, in the doctor's zone. */
export function fullSpan(language: Language, fromMs: number, untilMs: number, timeZone: string): string {
	return `${formatter(language, timeZone, 'full').formatRange(fromMs, untilMs)} (${timeZone.replaceAll('_', ' ')})`
}

/** The message in one line, for text messages and notifications. */
export function shortText({ kind, text: said, patient, visit, links }: Message, { link }: { link: boolean }): string {
	const { name } = visit.face.clinic
	const text = fill(words[patient.language].short[kind], {
		doctor: visit.doctorName,
		date: `${shortDate(patient.language, visit.startsAtMs, visit.timeZone)} (${visit.timeZone.replaceAll('_', ' ')})`,
		link: link ? links.visit : '',
		text: said ?? '',
	}).trim()
	return name === unnamed ? text : `${name}: ${text}`
}

/** What a clinic is called until it has given its name. */
const unnamed = 'Liveslot'

export const fill = (text: string, values: Record<string, string>): string => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '')

/** Each language's conventions for dates. Arabic has Latin digits, which all readers of Arabic know. */
const locales: Record<Language, string> = { en: 'en-GB', es: 'es-ES', de: 'de-DE', ar: 'ar-u-nu-latn' }

/** Creating a formatter takes longer than all other work on a message. */
const formatters = new LRUCache<string, Intl.DateTimeFormat>({ max: 500 })

function formatter(language: Language, timeZone: string, style: 'full' | 'short') {
	const key = `${language} ${timeZone} ${style}`
	const known = formatters.get(key)
	if (known) return known
	const made = new Intl.DateTimeFormat(locales[language], {
		...(style === 'full'
			? ({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const)
			: ({ weekday: 'short', day: 'numeric', month: 'short' } as const)),
		hour: '2-digit',
		minute: '2-digit',
		hourCycle: 'h23',
		timeZone,
	})
	formatters.set(key, made)
	return made
}

const shortDate = (language: Language, atMs: number, timeZone: string): string => formatter(language, timeZone, 'short').format(atMs)
