import { Select, SimpleGrid, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Address } from '../../../contract/index.ts'
import { useCountries } from './countries.ts'
import { given, type useDraft } from './draft.ts'

export type AddressDraft = { line: string; postalCode: string; city: string; region: string; country: string }

export const toAddressDraft = (address: Address | undefined, country = ''): AddressDraft => ({
	line: address?.line ?? '',
	postalCode: address?.postalCode ?? '',
	city: address?.city ?? '',
	region: address?.region ?? '',
	country: address?.country ?? country,
})

/** Undefined while only the country is chosen. */
export const toAddress = ({ line, postalCode, city, region, country }: AddressDraft) => {
	if (![line, postalCode, city, region].some(given)) return undefined
	return { line: line.trim(), postalCode: given(postalCode), city: city.trim(), region: given(region), country }
}

export const addressText = (address: Partial<Address> | undefined): string =>
	address
		? [address.line, [address.postalCode, address.city].filter(Boolean).join(' '), address.region, address.country]
				.filter(Boolean)
				.join(', ')
		: ''

type Props = {
	fields: Pick<ReturnType<typeof useDraft<AddressDraft>>, 'draft' | 'set' | 'text'>
	faultOf: (name: string) => string | undefined
}

export const AddressFields = ({ fields: { draft, set, text }, faultOf }: Props) => {
	const { t } = useTranslation()
	const countries = useCountries()
	return (
		<>
			<TextInput label={t('setup.address.line')} maxLength={200} autoComplete="street-address" error={faultOf('line')} {...text('line')} />
			<SimpleGrid cols={{ base: 1, xs: 2 }}>
				<TextInput
					label={t('setup.address.postalCode')}
					maxLength={20}
					autoComplete="postal-code"
					error={faultOf('postalCode')}
					{...text('postalCode')}
				/>
				<TextInput
					label={t('setup.address.city')}
					maxLength={100}
					autoComplete="address-level2"
					error={faultOf('city')}
					{...text('city')}
				/>
				<TextInput
					label={t('setup.address.region')}
					maxLength={100}
					autoComplete="address-level1"
					error={faultOf('region')}
					{...text('region')}
				/>
				<Select
					comboboxProps={{ withinPortal: false }}
					label={t('setup.address.country')}
					data={countries}
					limit={60}
					searchable
					allowDeselect={false}
					onFocus={event => event.currentTarget.select()}
					error={faultOf('country')}
					value={draft.country || null}
					onChange={country => country && set({ country })}
				/>
			</SimpleGrid>
		</>
	)
}
