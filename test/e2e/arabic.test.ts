/// <reference lib="dom" />
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { desktop, goWithin, phone, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { isLong } from '../support/forms.ts'
import { allScreens, viewers } from '../support/screens.ts'
import { keyRoots, wordsIn } from '../support/words.ts'

/** What is on the page that looks like the name of a text instead of the text, in words as in names that are read out. */
const untranslated = (page: Page, roots: string[]) =>
	page.evaluate(names => {
		const key = new RegExp(`\\b(${names.join('|')})(\\.[a-zA-Z_]+)+\\b`, 'g')
		const attributes = ['aria-label', 'title', 'placeholder', 'alt']
		const named = [...document.querySelectorAll(attributes.map(name => `[${name}]`).join(','))]
		const texts = [document.title, document.body.innerText, ...named.flatMap(each => attributes.map(name => each.getAttribute(name) ?? ''))]
		return [...new Set(texts.flatMap(text => text.match(key) ?? []))]
	}, roots)

/** How far the page can be pushed aside, and by what. */
const overflow = (page: Page) =>
	page.evaluate(() => {
		const root = document.documentElement
		if (root.scrollWidth <= root.clientWidth) return ''
		const wide = [...document.querySelectorAll('main *, header *')].filter(each => {
			const { left, right } = each.getBoundingClientRect()
			return left < -1 || right > root.clientWidth + 1
		})
		return `${root.scrollWidth - root.clientWidth} px: ${wide
			.slice(0, 2)
			.map(each => each.outerHTML.slice(0, 120))
			.join(' | ')}`
	})

const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }

describe('the pages in other languages', function () {
	this.timeout(180_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })

	it('take a patient from the search to the cancellation in Arabic, from right to left', async () => {
		const words = wordsIn('ar')
		const page = await browsing.visitor({ ...phone, locale: 'ar' })
		await page.goto(node.url)
		await page.getByLabel(words('booking.search')).fill('lindner')
		expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).to.deep.equal(['ar', 'rtl'])
		await page.getByRole('link', { name: 'Dr. Anna Lindner', exact: true }).click()
		await page.getByRole('button', { name: words('booking.later') }).click()
		await page.waitForURL(/date=/)
		const days = page.getByRole('group', { name: words('booking.days') }).getByRole('button')
		const day = days.filter({ hasNotText: '–' }).first()
		// The name of the day is Arabic, its number is written with the digits that clocks and phones have.
		expect(await day.innerText())
			.to.match(/[\u0600-\u06ff]/)
			.and.match(/\d/)
			.and.not.match(/[\u0660-\u0669]/)
		await day.click()
		const boxes = await days.evaluateAll(all => all.map(each => each.getBoundingClientRect().left))
		expect(boxes[0], 'the first day is at the right').to.be.greaterThan(boxes[1] as number)
		const free = page.getByRole('button', { name: new RegExp(`, ${words('state.free')}(،|,|$)`) }).first()
		const name = (await free.getAttribute('aria-label')) as string
		const time = name.slice(0, name.indexOf(','))
		expect(time).to.match(/^\d\d:\d\d/)
		await free.click()

		const panel = page.getByRole('dialog')
		await panel.getByRole('button', { name: words('journey.withPassword') }).click()
		await panel.getByLabel(words('account.email')).fill('patient10@clinic.example')
		await panel.getByLabel(words('account.password'), { exact: true }).fill('demo-clinic-2026')
		await panel
			.getByRole('button', { name: words('account.signIn') })
			.last()
			.click()
		await panel.getByText(words('booking.heldFor')).waitFor()
		expect(await panel.innerText()).to.match(/\b[12]:\d\d\b/)
		await panel.getByRole('button', { name: words('booking.confirm') }).click()
		await panel.getByRole('heading', { name: words('booking.bookedTitle') }).waitFor()
		await panel.getByRole('link', { name: words('nav.visits') }).click()
		const visit = page
			.getByRole('list', { name: words('visits.upcoming') })
			.getByRole('listitem')
			.filter({ hasText: 'Dr. Anna Lindner' })
		await visit.getByRole('button', { name: words('visits.cancel') }).click()
		await page
			.getByRole('dialog')
			.getByRole('button', { name: words('visits.cancelConfirm') })
			.click()
		await page.getByText(words('visits.none.upcoming')).waitFor()
		await page.getByRole('tab', { name: words('visits.past') }).click()
		await page
			.getByRole('listitem')
			.filter({ hasText: words('status.cancelled') })
			.first()
			.waitFor()
		expect(browsing.complaints).to.deep.equal([])
	})

	const shortly = [['ar', 'rtl']] as const
	const all = [...shortly, ['de', 'ltr'], ['es', 'ltr']] as const
	// What fits a phone hardly ever is too wide for a desktop.
	const looks = Object.entries(sizes).filter(([size]) => isLong || size === 'phone')
	for (const [language, direction] of isLong ? all : shortly) {
		it(`fit the window and leave nothing untranslated (${language})`, async () => {
			const screens = await allScreens(node, wordsIn(language))
			const roots = keyRoots()
			const found: string[] = []
			for (const who of viewers) {
				const page = await browsing.visitor({ ...(isLong ? desktop : phone), locale: language })
				if (who) await signIn(page, node.url, `${who}@clinic.example`, { path: '/nowhere' })
				for (const screen of screens.filter(each => each.as === who)) {
					if (isLong) await page.setViewportSize(sizes.desktop)
					await goWithin(page, node.url, screen.path)
					await screen.ready(page)
					expect(await page.evaluate(() => document.documentElement.dir), screen.name).to.equal(direction)
					for (const [size, viewport] of looks) {
						await page.setViewportSize(viewport)
						await page.waitForTimeout(80)
						const wide = await overflow(page)
						if (wide) found.push(`${screen.name}, ${size}: ${wide}`)
						found.push(...(await untranslated(page, roots)).map(key => `${screen.name}, ${size}: ${key}`))
					}
				}
			}
			expect(found).to.deep.equal([])
		})
	}
})
