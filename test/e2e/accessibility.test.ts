import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { violationsIn } from '../support/axe.ts'
import { desktop, goWithin, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { isLong } from '../support/forms.ts'
import { allScreens, type ScreenUnderTest, viewers } from '../support/screens.ts'
import { wordsIn } from '../support/words.ts'

const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }

/** Both sizes and both schemes are seen of every screen. */
const shortly = [
	['desktop', 'light'],
	['phone', 'dark'],
] as const
/** There and back again, so that no size and no scheme is set up twice. */
const all = [...shortly.slice(0, 1), ['desktop', 'dark'], ...shortly.slice(1), ['phone', 'light']] as const

const check = async (page: Page, url: string, screen: ScreenUnderTest): Promise<string[]> => {
	const found: string[] = []
	await page.setViewportSize(sizes.desktop)
	await page.emulateMedia({ colorScheme: 'light' })
	await goWithin(page, url, screen.path)
	await screen.ready(page)
	for (const [look, [size, colorScheme]] of (isLong ? all : shortly).entries()) {
		await page.setViewportSize(sizes[size])
		const again = !isLong && look > 0
		found.push(...(await violationsIn(page, colorScheme, { again })).map(violation => `${screen.name}, ${size}, ${violation}`))
	}
	return found
}

describe('every screen', function () {
	this.timeout(300_000)
	const node = useDemoNode()
	const browsing = useBrowser()

	for (const who of viewers) {
		it(`has nothing that axe objects to, in light and dark, on desktop and phone (${who ?? 'nobody signed in'})`, async () => {
			const screens = (await allScreens(node, wordsIn('en'))).filter(each => each.as === who)
			const page = await browsing.visitor(desktop)
			if (who) await signIn(page, node.url, `${who}@clinic.example`, { path: screens[0]?.path })
			const found: string[] = []
			for (const screen of screens) found.push(...(await check(page, node.url, screen)))
			expect(found).to.deep.equal([])
		})
	}
})
