import { Webhook as Signer } from 'standardwebhooks'
import { readSql } from '../platform/database/database.ts'
import type { Run, Statement } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Post, Posted } from './post.ts'

export type DeliverDeps = {
	run: Run
	post: Post
	/** Decrypts the secret of an endpoint. Undefined when the server's own secret has changed. */
	openSecret: (sealed: Buffer, endpointId: string) => string | undefined
	disable: (endpointId: string, because: 'gone' | 'failing') => Promise<void>
	/** The time that nodes agree on. */
	nowMs: () => number
	log: Log
	leaseMs?: number
	/** How many messages one endpoint gets at the same time. */
	concurrency?: number
}

export type Delivering = {
	/** Delivers what is due, and resolves when nothing is left that may be sent now. */
	tick(): Promise<void>
	/** Finishes messages that are under way, and leaves the others to other processes. */
	stop(): Promise<void>
}

/**
 * Delivers webhooks, each at least once, and those of one subject in their order. A delivery is leased, posted, settled. When a
 * process dies in between, the delivery is made again once its lease expires. Endpoints do not wait for each other.
 */
export function createDelivering(deps: DeliverDeps): Delivering {
	const { run, log } = deps
	const running = new Map<string, Promise<void>>()
	const pausedUntilMs = new Map<string, number>()
	let stopping = false

	return {
		async tick() {
			if (stopping) return
			const due = await run<EndpointRow>(statements.due, [deps.nowMs()])
			for (const endpoint of due) {
				if (running.has(endpoint.id) || (pausedUntilMs.get(endpoint.id) ?? 0) > deps.nowMs()) continue
				const delivering = deliverDue(endpoint)
					.catch(error => log.warn({ err: error, endpoint: endpoint.id }, 'webhooks interrupted'))
					.finally(() => running.delete(endpoint.id))
				running.set(endpoint.id, delivering)
			}
			await Promise.all(due.map(({ id }) => running.get(id)))
		},
		async stop() {
			stopping = true
			await Promise.all(running.values())
		},
	}

	/** Goes on while something is delivered. After a round without, the endpoint has a pause, however much waits for it. */
	async function deliverDue(endpoint: EndpointRow): Promise<void> {
		const { nowMs, leaseMs = 60_000, concurrency = 4 } = deps
		for (let delivered = true; delivered && !stopping; ) {
			const claimed = await run<Claimed>(statements.claim, [endpoint.id, concurrency, nowMs(), leaseMs])
			delivered = (await Promise.all(claimed.map(each => deliver(endpoint, each)))).includes(true)
			if (!delivered) pausedUntilMs.set(endpoint.id, nowMs() + (claimed.length > 0 ? pauseOfEndpointMs : 0))
		}
	}

	async function deliver(endpoint: EndpointRow, claimed: Claimed): Promise<boolean> {
		const { post, disable, nowMs } = deps
		const secrets = secretsOf(endpoint, deps)
		const posted: Posted =
			secrets.length > 0
				? await post(messageOf(endpoint.url, secrets, claimed, nowMs()))
				: { error: 'its secret cannot be read: rotate it' }
		const answerCode = 'answerCode' in posted ? posted.answerCode : null
		const isDelivered = answerCode !== null && answerCode >= 200 && answerCode < 300
		const pauseMs = pausesMs[claimed.attempts]
		const status = isDelivered ? 'delivered' : pauseMs === undefined ? 'failed' : 'due'
		const error = 'error' in posted ? posted.error : null
		const retryAtMs = status === 'due' ? nowMs() + (pauseMs as number) : null
		await run(statements.settle, [claimed.id, claimed.lease, status, answerCode, error, retryAtMs, nowMs()])
		if (answerCode === 410) await disable(endpoint.id, 'gone')
		else if (!isDelivered && endpoint.failing_ms !== null && nowMs() - Number(endpoint.failing_ms) >= failingMs)
			await disable(endpoint.id, 'failing')
		return isDelivered
	}
}

/** After each attempt, as Standard Webhooks recommends: about three days in all, then the delivery has failed. */
const pausesMs = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600].map(seconds => seconds * 1000)
/** How long an endpoint is left alone that took nothing. */
const pauseOfEndpointMs = 4000
/** An endpoint at which nothing was delivered for so long is disabled. */
const failingMs = 3 * 24 * 3600 * 1000

type EndpointRow = {
	id: string
	url: string
	secret: Buffer
	former_secret: Buffer | null
	failing_ms: string | null
}

type Claimed = { id: string; messageId: string; payload: string; attempts: number; lease: string }

const statement = (name: string, text: string): Statement => ({ name: `webhooks ${name}`, text })

const statements = {
	due: statement(
		'due',
		`SELECT e.id::text, e.url, e.secret, CASE WHEN e.former_until > to_timestamp($1::bigint / 1000.0) THEN e.former_secret END AS former_secret,
			floor(extract(epoch FROM e.failing_since) * 1000)::bigint::text AS failing_ms
		FROM webhook_endpoints e
		WHERE e.status = 'active' AND EXISTS (
			SELECT FROM webhook_deliveries d
			WHERE d.endpoint_id = e.id AND d.status = 'due' AND greatest(d.retry_at, d.leased_until) <= to_timestamp($1::bigint / 1000.0)
		)`,
	),
	claim: statement('claim', readSql('claim.sql', import.meta.url)),
	settle: statement('settle', readSql('settle.sql', import.meta.url)),
}

function secretsOf({ id, secret, former_secret }: EndpointRow, { openSecret }: DeliverDeps): string[] {
	return [secret, ...(former_secret ? [former_secret] : [])].map(each => openSecret(each, id)).filter(each => each !== undefined)
}

function messageOf(url: string, secrets: readonly string[], { messageId, payload }: Claimed, sentMs: number) {
	const id = `msg_${messageId}`
	const sentAt = new Date(sentMs)
	return {
		url,
		body: payload,
		headers: {
			'content-type': 'application/json',
			'user-agent': 'Liveslot-Webhooks',
			'webhook-id': id,
			'webhook-timestamp': String(Math.floor(sentMs / 1000)),
			'webhook-signature': secrets.map(secret => new Signer(secret).sign(id, sentAt, payload)).join(' '),
		},
	}
}
