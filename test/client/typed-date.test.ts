import { expect } from 'chai'
import { parseTypedDate } from '../../client/desk/typed-date.ts'

// A Tuesday.
const today = '2026-12-01'

describe('a typed date', () => {
	const read = (locale: string, typed: string) => parseTypedDate(typed, { today, locale })
	const expectAll = (locale: string, dates: Record<string, string | undefined>) => {
		for (const [typed, date] of Object.entries(dates)) expect(read(locale, typed), `${locale}: ${typed}`).to.equal(date)
	}

	it('is a weekday to come, by two letters or more, in the reader’s language or in English', () => {
		expectAll('en-GB', { mon: '2026-12-07', We: '2026-12-02', tuesday: '2026-12-08', 'fri.': '2026-12-04' })
		expectAll('de', { mo: '2026-12-07', Mittwoch: '2026-12-02', di: '2026-12-08', wed: '2026-12-02' })
		expectAll('es', { lunes: '2026-12-07', mié: '2026-12-02', mi: '2026-12-02', sab: '2026-12-05' })
		expectAll('ar-u-nu-latn', { الاثنين: '2026-12-07', الأربعاء: '2026-12-02' })
	})

	it('is a word', () => {
		expectAll('en-GB', { today, tomorrow: '2026-12-02' })
		expectAll('de', { heute: today, morgen: '2026-12-02', Übermorgen: '2026-12-03' })
		expectAll('es', { hoy: today, mañana: '2026-12-02', 'pasado mañana': '2026-12-03' })
		expectAll('ar-u-nu-latn', { اليوم: today, غدا: '2026-12-02' })
	})

	it('is a number of days, weeks or months from today', () => {
		expectAll('en-GB', {
			'+3': '2026-12-04',
			'+3d': '2026-12-04',
			'+6w': '2027-01-12',
			'6 weeks': '2027-01-12',
			'+2m': '2027-02-01',
			'-1w': '2026-11-24',
		})
		expectAll('de', { '+3t': '2026-12-04', '+6 Wochen': '2027-01-12', '2 Monate': '2027-02-01' })
		expectAll('es', { '+6s': '2027-01-12', '+3 días': '2026-12-04', '2 meses': '2027-02-01' })
		expectAll('ar-u-nu-latn', { '+٦ أسابيع': '2027-01-12', '+3ي': '2026-12-04', '2 ش': '2027-02-01' })
		expect(parseTypedDate('+1m', { today: '2026-01-31', locale: 'en' })).to.equal('2026-02-28')
	})

	it('is a day of the month, the next one unless the year is named', () => {
		expectAll('de', {
			'12.3.': '2027-03-12',
			'12.3': '2027-03-12',
			'24.12.': '2026-12-24',
			'1.12.': today,
			'12.3.28': '2028-03-12',
			'12. März': '2027-03-12',
		})
		expectAll('en-GB', {
			'12/3': '2027-03-12',
			'24 dec': '2026-12-24',
			'Dec 24': '2026-12-24',
			'24 December 2027': '2027-12-24',
			'2027-03-12': '2027-03-12',
		})
		expectAll('en-US', { '3/12': '2027-03-12', '12.3.': '2027-03-12' })
		expectAll('es', { '12-3-2027': '2027-03-12', '24 dic': '2026-12-24' })
		expectAll('ar-u-nu-latn', { '١٢/٣': '2027-03-12', '24 ديسمبر': '2026-12-24' })
		expectAll('de', { '29.2.': '2028-02-29' })
	})

	it('is nothing else', () => {
		expectAll('en-GB', {
			'': undefined,
			m: undefined,
			'31.2.': undefined,
			'12': undefined,
			'12.13.': undefined,
			'+3x': undefined,
			'next year': undefined,
			Abebe: undefined,
		})
	})
})
