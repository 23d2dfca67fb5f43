/// <reference lib="dom" />
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Colours change without a transition, but not before the next frame; lists and charts follow the width a little later. */
const settled = (page: Page) =>
	page.evaluate(() => new Promise<void>(resolve => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 60)))))

/** What axe objects to on a page in a colour scheme, at most two places of each kind. */
export const violationsIn = async (page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> => {
	await page.emulateMedia({ colorScheme })
	await settled(page)
	// In its legacy mode it opens no second page for its report. That is for frames of other origins; there are none here.
	// Nor does it write down at length what it found right: that takes longer than to look for what is wrong.
	const axe = new AxeBuilder({ page })
		.options({ resultTypes: ['violations'] })
		.withTags(rules)
		.setLegacyMode()
	const { violations } = await axe.analyze()
	return violations.map(({ id, nodes }) => {
		const places = nodes.slice(0, 2).map(each => each.html.slice(0, 140))
		return `${colorScheme}: ${id} ${places.join(' | ')}`
	})
}

/** What axe objects to in light and dark. */
export const violationsOf = async (page: Page): Promise<string[]> => [
	...(await violationsIn(page, 'light')),
	...(await violationsIn(page, 'dark')),
]
