import { useCallback } from 'react'
import { useSearchParams } from 'react-router'
import { dateIn, viewerZone } from '../i18n/format.ts'

/** The day that is shown, kept in the address. */
export const useDay = () => {
	const [parameters, setParameters] = useSearchParams()
	const today = dateIn(Date.now(), viewerZone())
	const asked = parameters.get('date')
	const date = asked && /^2\d{3}-\d\d-\d\d$/.test(asked) && !Number.isNaN(Date.parse(asked)) ? asked : today
	const setDate = useCallback((next: string) => next !== date && setParameters({ date: next }, { replace: true }), [date, setParameters])
	return { date, today, setDate }
}
