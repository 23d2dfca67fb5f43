import type { Page } from 'playwright-core'

/** The buttons of the shown day's free times, by their English names. */
export const freeTimes = (page: Page) => page.getByRole('button', { name: /^\d\d:\d\d, free/ })

/** Chooses a day of next week with many free times, on a doctor's page on a phone. */
export const chooseFreeDay = async (page: Page, day = 0): Promise<void> => {
	await page.getByRole('button', { name: 'Later days' }).click()
	await page.waitForURL(/date=/)
	const button = page.getByRole('button', { name: /, ([5-9]|\d\d) free times$/ }).nth(day)
	await button.click()
	await page.waitForFunction(pressed => pressed?.getAttribute('aria-pressed') === 'true', await button.elementHandle())
	await freeTimes(page).first().waitFor()
}

/** Reads the time with which a slot's button begins. */
export const timeOf = async (page: Page, nth = 0): Promise<string> => {
	const name = await freeTimes(page).nth(nth).getAttribute('aria-label')
	return (name as string).slice(0, 5)
}

export const slotAt = (page: Page, time: string, state: string) =>
	page.getByRole('button', { name: new RegExp(`^${time}, ${state}(,|$)`) }).first()
