/// <reference lib="dom" />
import type { Page } from 'playwright-core'

type Recording = { gapsMs: number[]; longTasksMs: number[]; stop: () => void }
declare global {
	interface Window {
		recording?: Recording
	}
}

/** Records the time between frames, and tasks that blocked drawing, until `readFrames`. */
export const recordFrames = (page: Page): Promise<void> =>
	page.evaluate(() => {
		const gapsMs: number[] = []
		const longTasksMs: number[] = []
		const observer = new PerformanceObserver(list => longTasksMs.push(...list.getEntries().map(({ duration }) => duration)))
		observer.observe({ entryTypes: ['longtask'] })
		let last = performance.now()
		let frame = requestAnimationFrame(function next() {
			const now = performance.now()
			gapsMs.push(now - last)
			last = now
			frame = requestAnimationFrame(next)
		})
		const stop = () => {
			cancelAnimationFrame(frame)
			observer.disconnect()
		}
		window.recording = { gapsMs, longTasksMs, stop }
	})

export type Frames = { count: number; longestMs: number; over50: number; longestTaskMs: number }

export const readFrames = (page: Page): Promise<Frames> =>
	page.evaluate(() => {
		const { gapsMs, longTasksMs, stop } = window.recording as Recording
		stop()
		return {
			count: gapsMs.length,
			longestMs: Math.max(0, ...gapsMs),
			over50: gapsMs.filter(gap => gap > 50).length,
			longestTaskMs: Math.max(0, ...longTasksMs),
		}
	})

export const framesText = ({ count, longestMs, over50, longestTaskMs }: Frames): string =>
	`${count} frames, the longest ${longestMs.toFixed(0)} ms, ${over50} above 50 ms, the longest task ${longestTaskMs.toFixed(0)} ms`
