export type BucketRule = { perSecond: number; burst: number }

/** So much on average, and more in one go. Takes a point each time; false when there is none left. */
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
