import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { violationsIn } from '../support/axe.ts'
import { desktop, goWithin, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { isLong } from '../support/forms.ts'
import { allScreens, type ScreenUnderTest, viewers } from '../support/screens.ts'
import { wordsIn } from '../support/words.ts'

const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }

/** Of every screen one is seen in the short form, in turns: each role has screens of both looks. */
const shortly = [
	['desktop', 'light'],
	['phone', 'dark'],
] as const
/** There and back again, so that no size and no scheme is set up twice. */
const all = [
	['desktop', 'light'],
	['desktop', 'dark'],
	['phone', 'dark'],
	['phone', 'light'],
] as const

const looksAt = (index: number): readonly (readonly [keyof typeof sizes, 'light' | 'dark'])[] =>
	isLong ? all : [shortly[index % 2] ?? shortly[0]]

const check = async (page: Page, url: string, screen: ScreenUnderTest, index: number): Promise<string[]> => {
	const found: string[] = []
	const looks = looksAt(index)
	const [[firstSize, firstScheme] = shortly[0]] = looks
	await page.setViewportSize(sizes[firstSize])
	await page.emulateMedia({ colorScheme: firstScheme })
	await goWithin(page, url, screen.path)
	await screen.ready(page)
	for (const [size, colorScheme] of looks) {
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
		it(`has nothing that axe objects to, in light and dark, on desktop and phone (${who ?? 'nobody signed in'})`, async () => {
			const screens = (await allScreens(node, wordsIn('en'))).filter(each => each.as === who)
			const page = await browsing.visitor(desktop)
			if (who) await signIn(page, node.url, `${who}@clinic.example`, { path: screens[0]?.path })
			const found: string[] = []
			for (const [index, screen] of screens.entries()) found.push(...(await check(page, node.url, screen, index)))
			expect(found).to.deep.equal([])
		})
	}
})
