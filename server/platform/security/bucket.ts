export type BucketRule = { perSecond: number; burst: number }

/** Limits to an average rate with bursts. Each call takes a point, and returns false when none is left. */
export function createBucket({ perSecond, burst }: BucketRule, nowMs: () => number = () => performance.now()): () => boolean {
	let points = burst
	let filledAtMs = nowMs()
	return () => {
		points = Math.min(burst, points + ((nowMs() - filledAtMs) / 1000) * perSecond)
		filledAtMs = nowMs()
		if (points < 1) return false
		points -= 1
		return true
	}
}
