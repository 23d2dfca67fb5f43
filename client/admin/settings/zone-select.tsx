import { Select } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useZones } from '../../account/zones.ts'

type Props = { value: string; error?: string | undefined; onChange: (zone: string) => void }

export const ZoneSelect = ({ value, error, onChange }: Props) => {
	const { t } = useTranslation()
	return (
		<Select
			comboboxProps={{ withinPortal: false }}
			label={t('setup.timeZone')}
			data={useZones(value)}
			limit={60}
			searchable
			allowDeselect={false}
			onFocus={event => event.currentTarget.select()}
			error={error}
			value={value}
			onChange={zone => zone && onChange(zone)}
		/>
	)
}
