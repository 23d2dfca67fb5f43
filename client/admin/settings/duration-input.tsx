import { Group, NativeSelect, NumberInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { localeOf } from '../../i18n/format.ts'

const units = { minutes: 1, hours: 60, days: 1440 } as const
type Unit = keyof typeof units

const largestOf = (minutes: number): Unit =>
	minutes > 0 && minutes % units.days === 0 ? 'days' : minutes > 0 && minutes % units.hours === 0 ? 'hours' : 'minutes'

type Props = { label: string; description?: string; minutes: number; error?: string | undefined; onChange: (minutes: number) => void }

/** A time in minutes, hours or days; whole ones. */
export const DurationInput = ({ label, description, minutes, error, onChange }: Props) => {
	const { t } = useTranslation()
	const [unit, setUnit] = useState<Unit>(() => largestOf(minutes))
	return (
		<Group gap="xs" align="flex-end" wrap="nowrap">
			<NumberInput
				flex={1}
				label={label}
				description={description}
				error={error}
				min={0}
				allowDecimal={false}
				value={minutes / units[unit]}
				onChange={value => onChange(Math.round(Number(value) * units[unit]))}
			/>
			<NativeSelect
				aria-label={`${label}: ${t('setup.unit.label')}`}
				data={Object.keys(units).map(value => ({ value, label: t(`setup.unit.${value}`) }))}
				value={unit}
				onChange={event => {
					const next = event.currentTarget.value as Unit
					onChange(Math.round(minutes / units[unit]) * units[next])
					setUnit(next)
				}}
			/>
		</Group>
	)
}

/** A time as people say it: `2 hours`. */
export const useDurationText = () => {
	const { i18n } = useTranslation()
	return (minutes: number) => {
		const unit = largestOf(minutes)
		const format = new Intl.NumberFormat(localeOf(i18n.language), { style: 'unit', unit: unit.slice(0, -1), unitDisplay: 'long' })
		return format.format(minutes / units[unit])
	}
}
