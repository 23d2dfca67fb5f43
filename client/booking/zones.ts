import { viewerZone } from '../i18n/format.ts'

const offsetsIn = (timeZone: string, moments: readonly Date[]): string => {
	const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
	return moments.map(at => format.formatToParts(at).find(part => part.type === 'timeZoneName')?.value).join()
}

const known = new Map<string, boolean>()

/** Whether clocks in a zone show another time than the viewer's, now or in half a year: names alone say little (Berlin and Rome agree). */
export const isOtherZone = (timeZone: string): boolean => {
	const here = viewerZone()
	if (timeZone === here) return false
	let other = known.get(timeZone)
	if (other === undefined) {
		const halfYearMs = 182 * 86_400_000
		const moments = [new Date(), new Date(Date.now() + halfYearMs)]
		other = offsetsIn(timeZone, moments) !== offsetsIn(here, moments)
		known.set(timeZone, other)
	}
	return other
}
