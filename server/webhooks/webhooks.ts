import type { Config } from '../config.ts'
import type { Route } from '../identity/handlers.ts'
import { createSeal } from '../identity/secrets.ts'
import type { Db } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Log } from '../platform/observability/log.ts'
import { createDelivering } from './deliver.ts'
import { disableWebhook, webhookRoutes } from './endpoints.ts'
import { createPost } from './post.ts'

export type WebhookDeps = {
	db: Db
	run: Run
	config: Pick<Config, 'jwtSecret' | 'allowsPrivateWebhooks'>
	log: Log
	nowMs: () => number
	/** Whether this process delivers. */
	delivers: boolean
}

/**
 * Tells other programs what happens. Triggers write deliveries in the transaction that causes an event (`add_webhooks`), so whatever
 * books, moves or cancels is told. Workers look for them every second: one look into a small index.
 */
export function createWebhooks({ db, run, config, log, nowMs, delivers }: WebhookDeps): Webhooks {
	const rules = { allowsPrivate: config.allowsPrivateWebhooks }
	const seal = createSeal(config.jwtSecret, 'webhook secrets')
	const delivering = createDelivering({
		run,
		post: createPost(rules),
		openSecret: (sealed, endpointId) => seal.open(sealed, endpointId)?.toString(),
		disable: (id, because) => disableWebhook(db, id, because),
		nowMs,
		log,
	})
	const timer = delivers ? setInterval(() => void look(), lookEveryMs) : undefined
	timer?.unref()

	return {
		routes: webhookRoutes({ db, seal, ...rules }),
		async stop() {
			clearInterval(timer)
			await delivering.stop()
		},
	}

	async function look() {
		try {
			await delivering.tick()
		} catch (error) {
			log.debug({ reason: (error as Error).message }, 'webhooks wait')
		}
	}
}

export type Webhooks = {
	routes: Route[]
	/** Finishes messages that are under way. */
	stop(): Promise<void>
}

const lookEveryMs = 1000
