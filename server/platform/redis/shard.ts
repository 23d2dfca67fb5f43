/** The prefix of every key that belongs to a topic. */
export const tagOf = (topic: string): string => shardTag(shardOf(topic))

export const shardTag = (shard: number): string => `{s${shard}}`

/**
 * Keys are spread over a fixed number of shards. All keys of a topic have their shard's hash tag, so that one script may touch them
 * in a Redis Cluster. The number must never change while keys exist.
 */
export const shardCount = 16

const shardOf = (topic: string): number => hash(topic) % shardCount

function hash(text: string): number {
	// FNV-1a, see https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
	let value = 0x811c9dc5
	for (let i = 0; i < text.length; i++) {
		value ^= text.charCodeAt(i)
		value = Math.imul(value, 0x01000193)
	}
	return value >>> 0
}
