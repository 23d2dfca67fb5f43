import { readFileSync } from 'node:fs'
import { Cluster, type RedisOptions, Redis as SingleRedis } from 'ioredis'
import pTimeout from 'p-timeout'
import { parseRedisAddress, type RedisAddress } from './address.ts'
import { shardCount, shardTag } from './shard.ts'
import { createShardedSubscriber, prefixedSubscriber, type Subscriber, singleSubscriber } from './subscriber.ts'

/** One server, a master that Sentinel watches, or a cluster. */
export type Redis = SingleRedis | Cluster

export type RedisSettings = {
	url: string
	name: string
	/** Begins every key and channel, so that several installations may share a server. */
	prefix?: string
}

/**
 * A command fails after 5 s, or after its connection broke once, and is never sent twice automatically. Its effect is then unknown,
 * which the caller must report.
 */
const forCommands = {
	maxRetriesPerRequest: 1,
	autoResendUnfulfilledCommands: false,
	commandTimeout: 5000,
	connectTimeout: 5000,
} satisfies RedisOptions

/** Opens a connection for commands. */
export function createRedis({ url, name, prefix = '' }: RedisSettings): Redis {
	const address = parseRedisAddress(url)
	if (address.kind === 'cluster') return createCluster(address, name, prefix)
	return new SingleRedis({
		...placeOf(address),
		...forCommands,
		connectionName: name,
		keyPrefix: prefix,
		enableAutoPipelining: true,
		retryStrategy: reconnectDelayMs,
	})
}

/** Reconnects for ever, with pauses of at most a second, so that the service recovers soon after Redis is back. */
const reconnectDelayMs = (attempt: number) => Math.min(50 * 2 ** attempt, 1000)

/**
 * For connections that survive every outage. Subscribing while Redis is away fails after a timeout; earlier subscriptions come back
 * by themselves.
 */
const forSubscriptions = {
	maxRetriesPerRequest: null,
	commandTimeout: 5000,
	connectTimeout: 5000,
	retryStrategy: reconnectDelayMs,
} satisfies RedisOptions

/** Opens a connection for subscriptions; in a cluster, one to every master that has some of the channels, as `redis` knows them. */
export function createSubscriber({ url, name, prefix = '' }: RedisSettings, redis?: Redis): Subscriber {
	const address = parseRedisAddress(url)
	if (address.kind !== 'cluster') {
		const connection = new SingleRedis({ ...placeOf(address), ...forSubscriptions, connectionName: name, autoResubscribe: true })
		return prefix ? prefixedSubscriber(connection, prefix) : singleSubscriber(connection)
	}
	if (!(redis instanceof Cluster)) throw new TypeError('a subscriber of a cluster needs the connection that knows the cluster')
	return createShardedSubscriber({
		cluster: redis,
		prefix,
		connect: host => new SingleRedis({ ...host, ...address.access, ...forSubscriptions, connectionName: name, autoResubscribe: false }),
	})
}

/**
 * Resolves once Redis takes commands, or after a timeout. A single server's connection queues commands until then; a cluster's does
 * not.
 */
export async function untilConnected(redis: Redis, timeoutMs = 5000): Promise<void> {
	if (!(redis instanceof Cluster) || redis.status === 'ready') return
	const ready = new Promise<void>(resolve => void redis.once('ready', resolve))
	await pTimeout(ready, { milliseconds: timeoutMs, message: false })
}

/** Rejects when Redis does not answer. A cluster counts as answering when one master does. */
export async function ping(redis: Redis): Promise<void> {
	if (redis.status !== 'ready') throw new Error('not connected')
	if (redis instanceof Cluster) await Promise.any(Array.from({ length: shardCount }, (_, shard) => redis.exists(shardTag(shard))))
	else await redis.ping()
}

/** Groups the tags of shards whose keys one script may touch: in a cluster each shard alone, elsewhere all shards together. */
export function shardsTogether(redis: Redis): string[][] {
	const tags = Array.from({ length: shardCount }, (_, shard) => shardTag(shard))
	return redis instanceof Cluster ? tags.map(tag => [tag]) : [tags]
}

/**
 * Publishes a message; in a cluster only at the master that has the channel's slot, see
 * https://redis.io/docs/latest/develop/pubsub/#sharded-pubsub.
 */
export function publish(redis: Redis, channel: string, text: string): Promise<unknown> {
	// ioredis takes the channel of a sharded message for a key, and prefixes it itself.
	return redis instanceof Cluster ? redis.spublish(channel, text) : redis.publish(prefixOf(redis) + channel, text)
}

/** What begins the connection's keys and channels. */
export const prefixOf = (redis: Redis): string => redis.options.keyPrefix ?? ''

/** Reads a Lua script from its own file beside the module that runs it. */
export const readLua = (file: string, base: string): string => readFileSync(new URL(file, base), 'utf8')

/**
 * Makes a script a function. ioredis sends the script's hash, and its text when Redis does not know the hash. The script publishes
 * with the command in `publish_command`. `key_prefix` begins what it does not get as a key: channels, and keys that it puts together.
 */
export function defineScript<Reply>(redis: Redis, name: string, text: string) {
	const publishCommand = redis instanceof Cluster ? 'SPUBLISH' : 'PUBLISH'
	redis.defineCommand(name, {
		lua: `local publish_command, key_prefix = '${publishCommand}', '${prefixOf(redis)}'\n${text}`,
	})
	const run = (redis as unknown as Record<string, (...args: (string | number)[]) => Promise<Reply>>)[name] as (
		...args: (string | number)[]
	) => Promise<Reply>
	return (keys: string[], args: (string | number)[]): Promise<Reply> => run.call(redis, keys.length, ...keys, ...args)
}

/** True when Redis was unreachable or not ready to serve; false when it refused. */
export function isRedisUnavailable(error: unknown): boolean {
	return (
		error instanceof Error &&
		(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '') ||
			/MaxRetriesPerRequest|AbortError|ClusterAllFailed/.test(error.name) ||
			/Command timed out|Connection is closed|Stream isn't writeable|Too many Cluster redirections|^(LOADING|OOM|MISCONF|READONLY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|MOVED|ASK)\b/.test(
				error.message,
			))
	)
}

/**
 * Fails a command at once while no master is known, because it would wait without a limit in ioredis's own queue.
 * (`enableOfflineQueue: false` would also refuse the first commands to each master while its connection is being made.)
 */
class PromptCluster extends Cluster {
	override sendCommand(...args: Parameters<Cluster['sendCommand']>): unknown {
		const [command] = args
		// ioredis sends this command itself to become ready.
		if (this.status === 'ready' || command.name === 'cluster') return super.sendCommand(...args)
		command.reject(new Error('Connection is closed.'))
		return command.promise
	}
}

function createCluster({ seeds, access }: Extract<RedisAddress, { kind: 'cluster' }>, name: string, prefix: string): Cluster {
	return new PromptCluster(seeds, {
		keyPrefix: prefix,
		// No automatic pipelines, because ioredis would repeat a whole pipeline that met a moved slot or a lost master.
		enableAutoPipelining: false,
		retryDelayOnFailover: 0,
		slotsRefreshInterval: 5000,
		clusterRetryStrategy: reconnectDelayMs,
		// Keeps host names, so that TLS can check them against certificates.
		dnsLookup: (host, callback) => callback(null, host),
		redisOptions: { ...access, ...forCommands, connectionName: name },
	})
}

/** The target of a connection outside a cluster. */
function placeOf(address: Exclude<RedisAddress, { kind: 'cluster' }>): RedisOptions {
	if (address.kind === 'single') return { ...address.host, ...address.access }
	const { sentinels, master, access, sentinelPassword } = address
	return {
		sentinels,
		name: master,
		...access,
		...(sentinelPassword && { sentinelPassword }),
		...(access.tls && { sentinelTLS: access.tls, enableTLSForSentinelMode: true }),
		sentinelRetryStrategy: reconnectDelayMs,
		// A hanging sentinel must not keep the others from being asked.
		sentinelCommandTimeout: 2000,
	}
}
