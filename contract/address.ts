import type { Address } from './clinic.ts'

/** An address as it is written on a letter of its country. The country comes last, where the reader may be abroad. */
export function addressLines({ line, postalCode, city, region, country }: Address, countryName?: string): string[] {
	const place = codeComesLast.has(country)
		? [[city, region].filter(Boolean).join(', '), postalCode].filter(Boolean).join(' ')
		: [postalCode, city, region && region !== city && `(${region})`].filter(Boolean).join(' ')
	return [line, place, ...(countryName ? [countryName] : [])]
}

/** Countries in which the postal code follows the town. */
const codeComesLast = new Set(['US', 'CA', 'AU', 'IN', 'GB', 'IE', 'NZ'])

/** A map that shows the address, without telling the map's owner anything before the link is followed. */
export function mapLink(address: Address): string {
	const { line, postalCode, city, region, country } = address
	const query = [line, [postalCode, city].filter(Boolean).join(' '), region, country].filter(Boolean).join(', ')
	return `https://www.openstreetmap.org/search?query=${encodeURIComponent(query)}`
}

/** The address of a telephone link. */
export const telephoneLink = (phone: string): string => `tel:${phone.replace(/[^+0-9]/g, '')}`
