import type { AppointmentTypeInput } from '../../../contract/index.ts'

type Names = Record<'en' | 'de' | 'es' | 'ar', string>

export type TemplateType = { names: Names } & Partial<Omit<AppointmentTypeInput, 'names' | 'name' | 'minutes'>> & { minutes: number }

const hours = (count: number) => count * 60

/** What practices of a kind usually offer: to start from. */
export const templates = {
	general: [
		{ names: { en: 'Consultation', de: 'Sprechstunde', es: 'Consulta', ar: 'استشارة' }, minutes: 15, color: '#0b7285' },
		{
			names: { en: 'Check-up', de: 'Gesundheitsuntersuchung', es: 'Revisión general', ar: 'فحص شامل' },
			minutes: 30,
			minNoticeMinutes: hours(24),
			color: '#0b6e4f',
		},
		{
			names: { en: 'Blood test', de: 'Blutabnahme', es: 'Análisis de sangre', ar: 'فحص دم' },
			minutes: 15,
			minNoticeMinutes: hours(12),
			color: '#b32424',
		},
		{ names: { en: 'Follow-up', de: 'Kontrolltermin', es: 'Seguimiento', ar: 'متابعة' }, minutes: 15, color: '#1864ab' },
	],
	dentist: [
		{ names: { en: 'Dental check-up', de: 'Zahnkontrolle', es: 'Revisión dental', ar: 'فحص الأسنان' }, minutes: 30, color: '#0b7285' },
		{
			names: { en: 'Dental cleaning', de: 'Zahnreinigung', es: 'Limpieza dental', ar: 'تنظيف الأسنان' },
			minutes: 60,
			bufferMinutes: 10,
			color: '#1864ab',
		},
		{
			names: { en: 'Filling', de: 'Füllung', es: 'Empaste', ar: 'حشو الأسنان' },
			minutes: 45,
			bufferMinutes: 10,
			color: '#5f3dc4',
		},
		{ names: { en: 'Toothache', de: 'Zahnschmerzen', es: 'Dolor de muelas', ar: 'ألم الأسنان' }, minutes: 30, color: '#b32424' },
	],
	therapist: [
		{
			names: { en: 'First talk', de: 'Erstgespräch', es: 'Primera entrevista', ar: 'الجلسة الأولى' },
			minutes: 60,
			bufferMinutes: 15,
			minNoticeMinutes: hours(24),
			color: '#0b6e4f',
		},
		{
			names: { en: 'Session', de: 'Einzelsitzung', es: 'Sesión individual', ar: 'جلسة فردية' },
			minutes: 50,
			bufferMinutes: 10,
			minNoticeMinutes: hours(24),
			color: '#0b7285',
		},
		{
			names: { en: 'Couple session', de: 'Paarsitzung', es: 'Sesión de pareja', ar: 'جلسة للأزواج' },
			minutes: 90,
			bufferMinutes: 15,
			minNoticeMinutes: hours(24),
			color: '#9c36b5',
		},
		{
			names: { en: 'Short session', de: 'Kurzsitzung', es: 'Sesión breve', ar: 'جلسة قصيرة' },
			minutes: 25,
			bufferMinutes: 5,
			color: '#1864ab',
		},
	],
	vaccination: [
		{
			names: { en: 'Flu vaccination', de: 'Grippeimpfung', es: 'Vacuna contra la gripe', ar: 'لقاح الإنفلونزا' },
			minutes: 10,
			color: '#0b7285',
		},
		{
			names: { en: 'COVID-19 vaccination', de: 'COVID-19-Impfung', es: 'Vacuna contra la COVID-19', ar: 'لقاح كوفيد-19' },
			minutes: 10,
			color: '#1864ab',
		},
		{
			names: { en: 'Travel vaccination', de: 'Reiseimpfung', es: 'Vacunas para viajes', ar: 'لقاحات السفر' },
			minutes: 20,
			minNoticeMinutes: hours(48),
			color: '#8a4b08',
		},
		{
			names: { en: 'Child vaccination', de: 'Kinderimpfung', es: 'Vacunas infantiles', ar: 'لقاحات الأطفال' },
			minutes: 15,
			color: '#9c36b5',
		},
	],
} satisfies Record<string, TemplateType[]>

export type TemplateId = keyof typeof templates

/** In the clinic's language, with the names in the others. */
export const toTypeInput = ({ names, ...rest }: TemplateType, locale: string) => {
	const language = (Object.keys(names) as (keyof Names)[]).find(code => locale.startsWith(code)) ?? 'en'
	const { [language]: name, ...others } = names
	return { ...rest, name, names: others }
}
