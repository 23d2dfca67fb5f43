/**
 * Encodes a refusal once that a whole crowd is answered with, when it carries something long, such as the free slots nearby.
 *
 * What it brings, in turns on one machine: bench: stampede.
 *
 * Without this file every answer has the same text, and is encoded by itself.
 */
import type { ShareRefusals } from '../platform/live/dispatch.ts'
import { PreparedJson } from '../platform/prepared-json.ts'
import type { Refusal } from '../platform/refusal.ts'

export function shareRefusals(): ShareRefusals {
	const prepared = new WeakMap<Refusal, PreparedJson>()

	return (refusal, answer) => {
		// A request's own id makes its answer unlike all others.
		if (!refusal.details.extra || answer.error.requestId) return answer
		const known = prepared.get(refusal)
		if (known) return known
		const encoded = new PreparedJson(JSON.stringify(answer))
		prepared.set(refusal, encoded)
		return encoded
	}
}
