import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

/** Hours as a person says them: days from two days on. A dash when there is nothing to tell. */
export const useDuration = () => {
	const { i18n } = useTranslation()
	return useMemo(() => {
		const unit = (name: 'day' | 'hour') =>
			new Intl.NumberFormat(`${i18n.language}-u-nu-latn`, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 1 })
		const [days, hours] = [unit('day'), unit('hour')]
		return (value: number | null) => (value === null ? '–' : Math.abs(value) >= 48 ? days.format(value / 24) : hours.format(value))
	}, [i18n.language])
}
