/**
 * Encodes a long refusal, such as one with the free slots nearby, once for all callers who share it.
 *
 * Benchmark: stampede, which takes 1.15 times as long without this file (docs/decisions/0006).
 *
 * Without this file every answer has the same text, but is encoded separately.
 */
import type { ShareRefusals } from '../platform/live/dispatch.ts'
import { PreparedJson } from '../platform/prepared-json.ts'
import type { Refusal } from '../platform/refusal.ts'

export function shareRefusals(): ShareRefusals {
	const prepared = new WeakMap<Refusal, PreparedJson>()

	return (refusal, answer) => {
		// An answer with a request id is different for each request.
		if (!refusal.details.extra || answer.error.requestId) return answer
		const known = prepared.get(refusal)
		if (known) return known
		const encoded = new PreparedJson(JSON.stringify(answer))
		prepared.set(refusal, encoded)
		return encoded
	}
}
