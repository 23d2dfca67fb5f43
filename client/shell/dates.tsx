import '@mantine/dates/styles.css'
import 'dayjs/locale/ar-ly'
import 'dayjs/locale/de'
import 'dayjs/locale/es'
import { DatesProvider } from '@mantine/dates'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'

/** Libya's Arabic writes Latin digits, as the rest of the pages do. */
const dayjsLocale = (language: string) => (language === 'ar' ? 'ar-ly' : language)

/** Pickers in the reader's language, without the pale red of weekends; around whatever has one, as the booking page does without them. */
export const Dates = ({ children }: { children: ReactNode }) => {
	const { i18n } = useTranslation()
	return (
		<DatesProvider settings={{ locale: dayjsLocale(i18n.language), firstDayOfWeek: 1, weekendDays: [], consistentWeeks: true }}>
			{children}
		</DatesProvider>
	)
}

const useCalendarLabels = () => {
	const { t } = useTranslation()
	return {
		monthLevelControl: t('doctor.calendar.monthLevel'),
		yearLevelControl: t('doctor.calendar.yearLevel'),
		nextMonth: t('doctor.calendar.nextMonth'),
		previousMonth: t('doctor.calendar.previousMonth'),
		nextYear: t('doctor.calendar.nextYear'),
		previousYear: t('doctor.calendar.previousYear'),
		nextDecade: t('doctor.calendar.nextDecade'),
		previousDecade: t('doctor.calendar.previousDecade'),
	}
}

/** What a picker needs to be read out: names of its controls, and for its dialog the name of its field. */
export const usePicker = () => {
	const id = useId()
	const ariaLabels = useCalendarLabels()
	return { id, ariaLabels, popoverProps: { id }, hideOutsideDates: true }
}
