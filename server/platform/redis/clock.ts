import type { Redis } from './redis.ts'

/**
 * Gives Redis's time, so that all nodes agree on what is past, even when one node's own clock jumps. While Redis is away, the last
 * known difference to the local clock stays in use.
 */
export async function createClock(redis: Redis): Promise<Clock> {
	// Monotonic, so that a jump of the machine's clock has no effect.
	const localMs = () => performance.timeOrigin + performance.now()
	let offsetMs = Date.now() - localMs()

	const timer = setInterval(() => void sample().catch(() => {}), sampleEveryMs)
	timer.unref()
	await sample().catch(() => {})

	return { nowMs: () => Math.floor(localMs() + offsetMs), stop: () => clearInterval(timer) }

	async function sample() {
		const before = localMs()
		const [seconds, micros] = (await redis.time()) as unknown as [string | number, string | number]
		const after = localMs()
		offsetMs = Number(seconds) * 1000 + Number(micros) / 1000 - (before + after) / 2
	}
}

export type Clock = { nowMs(): number; stop(): void }

const sampleEveryMs = 2000
