/// <reference lib="dom" />
import { loadavg } from 'node:os'
import type { Page } from 'playwright-core'

/** Slows a page down by this factor. */
export const throttle = async (page: Page, rate: number): Promise<void> => {
	const session = await page.context().newCDPSession(page)
	await session.send('Emulation.setCPUThrottlingRate', { rate })
}

/** Measures a fixed piece of work in a page, in milliseconds. A busy machine takes longer. */
export const workMs = (page: Page): Promise<number> =>
	page.evaluate(() => {
		const began = performance.now()
		for (let round = 0; round < 8; round++) {
			const words = new Map<string, number>()
			for (let i = 0; i < 60_000; i++) {
				const word = `w${(i * 7919) % 997}`
				words.set(word, (words.get(word) ?? 0) + i)
			}
			JSON.parse(JSON.stringify([...words]))
		}
		return performance.now() - began
	})

export const loadText = (): string => `load ${loadavg()[0]?.toFixed(2)}`
