/// <reference lib="dom" />
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Axe from 'axe-core'
import type { Page } from 'playwright-core'
import { isLong } from './forms.ts'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * Colours change without a transition, but only at the next frame. Lists, charts and the marks of tabs follow the width a little
 * later.
 */
const settled = (page: Page) =>
	page.evaluate(async () => {
		await new Promise<void>(resolve => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 150))))
		const ending = document.getAnimations().filter(each => each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
		await Promise.all(ending.map(each => each.finished.catch(() => {})))
	})

/** Returns axe's findings on a page in a colour scheme, at most two places of each kind. */
export const violationsIn = async (page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> => {
	await page.emulateMedia({ colorScheme })
	await settled(page)
	// Once for each page, because reading half a megabyte of script takes as long as applying some rules.
	if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source)
	const found = await page.evaluate(async values => {
		const { axe } = window as unknown as { axe: typeof Axe }
		// Reports violations only, because reporting successes takes longer than finding violations.
		const { violations } = await axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] })
		return violations.map(({ id, nodes }) => ({ id, places: nodes.slice(0, 2).map(each => each.html.slice(0, 140)) }))
	}, tags)
	return found.map(({ id, places }) => `${colorScheme}: ${id} ${places.join(' | ')}`)
}

/** Returns axe's findings in light, and in the long form also in dark. */
export const violationsOf = async (page: Page): Promise<string[]> => [
	...(await violationsIn(page, 'light')),
	...(isLong ? await violationsIn(page, 'dark') : []),
]
