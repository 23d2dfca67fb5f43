import { AsYouType, type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min'

/** Trigram indexes need three characters. */
const minDigits = 3

/**
 * The digits by which a number, or a part of one, is found in whatever form it was filed: as typed, and without what only some forms
 * have, the prefix of the country or of a call within it. `country` is where numbers without a country belong.
 */
export function phoneFragments(typed: string, country: string | undefined): string[] {
	if (!/^[+0-9 ()./-]+$/.test(typed)) return []
	const digits = typed.replace(/[^0-9]/g, '')
	const fragments = [digits, nationalDigits(typed, country)].filter(each => each !== undefined && each.length >= minDigits) as string[]
	// The shorter one finds all that the longer one does, where it is a part of it.
	return fragments
		.filter((each, at) => !fragments.some((other, place) => place !== at && each.includes(other) && each !== other))
		.filter((each, at, all) => all.indexOf(each) === at)
}

/** E.164, by which two forms of one number are the same; the digits where it is no possible number. */
export function samePhone(one: string, other: string, country: string | undefined): boolean {
	return normalPhone(one, country) === normalPhone(other, country)
}

function normalPhone(phone: string, country: string | undefined): string {
	return parsePhoneNumberFromString(withoutTrunkZero(phone), known(country))?.number ?? phone.replace(/[^0-9]/g, '')
}

/** The digits after the country's and the trunk prefix, also of a number of which only the beginning was typed. */
function nationalDigits(typed: string, country: string | undefined): string | undefined {
	const international = withoutTrunkZero(typed.trim()).replace(/^00/, '+')
	const formatter = new AsYouType(known(country))
	formatter.input(international)
	const national = formatter.getNumber()?.nationalNumber
	return national?.replace(/^0+/, '') ?? international.replace(/[^0-9]/g, '').replace(/^0+/, '')
}

/** "+49 (0)30" says both forms at once. */
const withoutTrunkZero = (phone: string) => phone.replace(/^((?:\+|00)[\d ]+)\(0\)/, '$1')

const known = (country: string | undefined): CountryCode | undefined => (country && isSupportedCountry(country) ? country : undefined)
