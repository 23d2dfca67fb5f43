import { useLocalStorage } from '@mantine/hooks'
import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import { addDays, dateIn, mondayOf, viewerZone } from '../i18n/format.ts'

/** Whose calendars the board shows: all doctors, those of a site, those chosen by hand, or one doctor's week. */
export type Shown =
	| { kind: 'all' }
	| { kind: 'site'; siteId: string }
	| { kind: 'doctors'; doctorIds: readonly string[] }
	| { kind: 'week'; doctorId: string }

export type View = {
	date: string
	today: string
	shown: Shown
	/** The dates of the board, one or a week. */
	dates: readonly string[]
	setDate: (date: string) => void
	setShown: (shown: Shown) => void
}

const isId = (text: string) => /^[1-9]\d{0,17}$/.test(text)

const readShown = (parameters: URLSearchParams): Shown | undefined => {
	const week = parameters.get('week')
	if (week && isId(week)) return { kind: 'week', doctorId: week }
	const doctorIds = parameters.get('doctors')?.split(',').filter(isId) ?? []
	if (doctorIds.length > 0) return { kind: 'doctors', doctorIds }
	const siteId = parameters.get('site')
	return siteId && isId(siteId) ? { kind: 'site', siteId } : undefined
}

const parametersOf = (shown: Shown): Record<string, string> => {
	switch (shown.kind) {
		case 'all':
			return {}
		case 'site':
			return { site: shown.siteId }
		case 'doctors':
			return { doctors: shown.doctorIds.join(',') }
		case 'week':
			return { week: shown.doctorId }
	}
}

/** Which part of the clinic and which day are shown: in the address, and for the next time in this browser. */
export const useView = (): View => {
	const [parameters, setParameters] = useSearchParams()
	const [remembered, remember] = useLocalStorage<string>({ key: 'liveslot-desk-shown', defaultValue: '', getInitialValueInEffect: false })
	const today = dateIn(Date.now(), viewerZone())
	const asked = parameters.get('date')
	const date = asked && /^2\d{3}-\d\d-\d\d$/.test(asked) && !Number.isNaN(Date.parse(asked)) ? asked : today
	const key = new URLSearchParams(
		parametersOf(readShown(parameters) ?? readShown(new URLSearchParams(remembered)) ?? { kind: 'all' }),
	).toString()
	const shown = useMemo<Shown>(() => readShown(new URLSearchParams(key)) ?? { kind: 'all' }, [key])
	const dates = useMemo(() => {
		const first = shown.kind === 'week' ? mondayOf(date) : date
		return Array.from({ length: shown.kind === 'week' ? 7 : 1 }, (_, day) => addDays(first, day))
	}, [date, shown.kind])
	const setDate = useCallback(
		(next: string) => next !== date && setParameters({ ...parametersOf(shown), date: next }, { replace: true }),
		[date, setParameters, shown],
	)
	const setShown = useCallback(
		(next: Shown) => {
			// A week is a look aside: the next visit begins with the board again.
			if (next.kind !== 'week') remember(new URLSearchParams(parametersOf(next)).toString())
			setParameters({ ...parametersOf(next), date }, { replace: true })
		},
		[date, remember, setParameters],
	)
	return { date, today, shown, dates, setDate, setShown }
}
