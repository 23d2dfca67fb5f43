import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { violationsIn } from '../support/axe.ts'
import { desktop, goWithin, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { isLong } from '../support/forms.ts'
import { allScreens, type ScreenUnderTest, viewers } from '../support/screens.ts'
import { wordsIn } from '../support/words.ts'

const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }

/** There and back again, so that no size and no scheme is set up twice. */
const looks = [
	['desktop', 'light'],
	['desktop', 'dark'],
	['phone', 'dark'],
	['phone', 'light'],
] as const
/** In the short form each screen has one look, and the screens have all of them by turns. */
const looksOf = (place: number) => (isLong ? looks : [looks[place % looks.length] as (typeof looks)[number]])

const check = async (page: Page, url: string, screen: ScreenUnderTest, place: number): Promise<string[]> => {
	const found: string[] = []
	await goWithin(page, url, screen.path)
	await screen.ready(page)
	for (const [size, colorScheme] of looksOf(place)) {
		await page.setViewportSize(sizes[size])
		found.push(...(await violationsIn(page, colorScheme)).map(violation => `${screen.name}, ${size}, ${violation}`))
	}
	return found
}

describe('every screen', function () {
	this.timeout(300_000)
	const node = useDemoNode()
	const browsing = useBrowser()

	for (const who of viewers) {
		it(`passes axe, in light and dark, on desktop and phone (${who ?? 'visitor'})`, async () => {
			const screens = (await allScreens(node, wordsIn('en'))).filter(each => each.as === who)
			const page = await browsing.visitor(desktop)
			if (who) await signIn(page, node.url, `${who}@clinic.example`, { path: screens[0]?.path })
			const found: string[] = []
			for (const [place, screen] of screens.entries()) found.push(...(await check(page, node.url, screen, place)))
			expect(found).to.deep.equal([])
		})
	}
})
