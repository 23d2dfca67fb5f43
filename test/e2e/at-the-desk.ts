import type { Page } from 'playwright-core'
import { desktop, signIn, type useBrowser } from '../support/browser.ts'

export const atTheDesk = { ...desktop, viewport: { width: 1440, height: 900 } }

type Browsing = ReturnType<typeof useBrowser>

/** Opens the desk as a receptionist, with its calendars. */
export const openDesk = async (browsing: Browsing, node: { url: string }, { device = atTheDesk, path = '/desk' } = {}): Promise<Page> => {
	const page = await browsing.visitor(device)
	await signIn(page, node.url, 'reception@clinic.example', { path })
	await page.getByTestId('desk-slot').first().waitFor()
	return page
}

/** Goes on to a day with a free time: in the evening today may have none left. */
export const dayWithTimes = async (page: Page): Promise<void> => {
	const free = page.locator('[data-testid="desk-slot"][data-state="free"]').first()
	for (let day = 0; day < 5; day++) {
		const found = await free.waitFor({ timeout: 5000 }).then(
			() => true,
			() => false,
		)
		if (found) return
		await page.keyboard.press('PageDown')
	}
	throw new Error('no time is free in five days')
}

/** Presses keys as a person would, and counts them; typing a name, a number or a date is not counted. */
export const keyboardOf = (page: Page) => {
	let presses = 0
	return {
		type: (text: string) => page.keyboard.type(text, { delay: 15 }),
		press: async (key: string) => {
			presses++
			await page.keyboard.press(key)
		},
		get presses() {
			return presses
		},
	}
}
