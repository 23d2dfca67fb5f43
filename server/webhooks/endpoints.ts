import { randomBytes } from 'node:crypto'
import {
	webhookEndpoints as endpoints,
	type Webhook,
	type WebhookDelivery,
	type WebhookEvent,
	type WebhookWithSecret,
} from '../../contract/index.ts'
import type { Actor, Origin } from '../identity/actor.ts'
import { type Route, route } from '../identity/handlers.ts'
import type { Seal } from '../identity/secrets.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { checkTarget, type TargetRules } from './targets.ts'

export type EndpointDeps = TargetRules & { db: Db; seal: Seal }

/** The admins' calls. */
export function webhookRoutes(deps: EndpointDeps): Route[] {
	const { db } = deps
	return [
		route(endpoints.listWebhooks, ({ query }) => listWebhooks(db, query)),
		route(endpoints.createWebhook, ({ body, origin }, actor) => createWebhook(deps, { actor, origin }, body)),
		route(endpoints.updateWebhook, ({ params, body, origin }, actor) => updateWebhook(deps, { actor, origin }, params.id, body)),
		route(endpoints.rotateWebhook, ({ params, body, origin }, actor) =>
			rotateSecret(deps, { actor, origin }, params.id, body.overlapMinutes),
		),
		route(endpoints.removeWebhook, ({ params, origin }, actor) => removeWebhook(db, { actor, origin }, params.id)),
		route(endpoints.listWebhookDeliveries, ({ params, query }) => listDeliveries(db, params.id, query)),
		route(endpoints.replayWebhookDelivery, ({ params, origin }, actor) => replay(db, { actor, origin }, params)),
	]
}

/** An endpoint that is gone, or that has failed for days, is disabled by the server itself. */
export async function disableWebhook(db: Db, id: string, because: 'gone' | 'failing'): Promise<void> {
	await inTransaction(db, async trx => {
		const disabled = await trx('webhook_endpoints')
			.where({ id, status: 'active' })
			.update({ status: 'disabled', disabled_at: trx.fn.now(), disabled_because: because })
		if (disabled) await recordAudit(trx, { ...about(id), actor: null, action: 'disabled', details: { because } })
	})
}

type By = { actor: Actor; origin: Origin }

/** Each event is written once for each endpoint, in the transaction that causes it, so there may not be many. */
const maxWebhooks = 20

async function createWebhook(
	{ db, seal, allowsPrivate }: EndpointDeps,
	by: By,
	{ url, events }: { url: string; events: WebhookEvent[] },
): Promise<WebhookWithSecret> {
	await checkTarget(url, { allowsPrivate })
	const secret = newSecret()
	return await inTransaction(db, async trx => {
		await trx.raw('LOCK TABLE webhook_endpoints IN SHARE ROW EXCLUSIVE MODE')
		const [{ count = 0 } = {}] = await trx('webhook_endpoints').count({ count: '*' })
		if (Number(count) >= maxWebhooks) throw invalidInput('url', `would be one more than the ${maxWebhooks} webhooks of a clinic`)
		const [{ id }] = await trx('webhook_endpoints')
			.insert({ url, events, secret: Buffer.of(), created_by: by.actor.userId })
			.returning('id')
		await trx('webhook_endpoints')
			.where({ id })
			.update({ secret: sealed(seal, secret, id) })
		await recordAudit(trx, { ...about(id), ...by, action: 'created', details: { host: new URL(url).host, events } })
		return { ...(await readWebhook(trx, id)), secret }
	})
}

async function updateWebhook(
	{ db, allowsPrivate }: EndpointDeps,
	by: By,
	id: string,
	{ url, events, enabled }: { url?: string | undefined; events?: WebhookEvent[] | undefined; enabled?: boolean | undefined },
): Promise<Webhook> {
	if (url !== undefined) await checkTarget(url, { allowsPrivate })
	return await inTransaction(db, async trx => {
		const { status } = await lockWebhook(trx, id)
		const isChanging = enabled !== undefined && enabled !== (status === 'active')
		await trx('webhook_endpoints')
			.where({ id })
			.update({
				...(url !== undefined && { url }),
				...(events && { events }),
				...(isChanging && enabled && { status: 'active', disabled_at: null, disabled_because: null, failing_since: null }),
				...(isChanging && !enabled && { status: 'disabled', disabled_at: trx.fn.now(), disabled_because: 'admin' }),
				updated_at: trx.fn.now(),
			})
		// What waited for its next attempt is tried at once.
		if (isChanging && enabled) await trx('webhook_deliveries').where({ endpoint_id: id, status: 'due' }).update({ retry_at: trx.fn.now() })
		const details = { ...(url !== undefined && { host: new URL(url).host }), ...(events && { events }), ...(isChanging && { enabled }) }
		await recordAudit(trx, { ...about(id), ...by, action: 'updated', details })
		return await readWebhook(trx, id)
	})
}

async function rotateSecret({ db, seal }: EndpointDeps, by: By, id: string, overlapMinutes: number): Promise<WebhookWithSecret> {
	const secret = newSecret()
	return await inTransaction(db, async trx => {
		await lockWebhook(trx, id)
		await trx('webhook_endpoints')
			.where({ id })
			.update({
				former_secret: trx.ref('secret'),
				former_until: trx.raw('now() + make_interval(mins => ?)', overlapMinutes),
				secret: sealed(seal, secret, id),
				updated_at: trx.fn.now(),
			})
		await recordAudit(trx, { ...about(id), ...by, action: 'rotated', details: { overlapMinutes } })
		return { ...(await readWebhook(trx, id)), secret }
	})
}

async function removeWebhook(db: Db, by: By, id: string): Promise<void> {
	await inTransaction(db, async trx => {
		await lockWebhook(trx, id)
		await trx('webhook_endpoints').where({ id }).delete()
		await recordAudit(trx, { ...about(id), ...by, action: 'removed' })
	})
}

type PageOf = { cursor?: string | undefined; limit: number }

async function listWebhooks(db: Db, { cursor, limit }: PageOf) {
	const rows = webhooks(db)
		.orderBy('id', 'desc')
		.limit(limit + 1)
	if (cursor !== undefined) rows.where('id', '<', beforeId(cursor))
	return toPage(await rows, limit, toWebhook, ({ id }) => [id])
}

async function listDeliveries(db: Db, endpointId: string, { cursor, limit, status }: PageOf & { status?: string | undefined }) {
	if (!(isDatabaseId(endpointId) && (await db('webhook_endpoints').where({ id: endpointId }).first('id')))) throw new Refusal('not_found')
	const rows = deliveries(db)
		.where({ endpoint_id: endpointId })
		.orderBy('id', 'desc')
		.limit(limit + 1)
	if (status !== undefined) rows.where({ status })
	if (cursor !== undefined) rows.where('id', '<', beforeId(cursor))
	return toPage(await rows, limit, toDelivery, ({ id }) => [id])
}

async function replay(db: Db, by: By, { id, deliveryId }: { id: string; deliveryId: string }): Promise<WebhookDelivery> {
	return await inTransaction(db, async trx => {
		if (!isDatabaseId(id) || !isDatabaseId(deliveryId)) throw new Refusal('not_found')
		const found = await trx('webhook_deliveries').where({ id: deliveryId, endpoint_id: id }).forUpdate().first('id')
		if (!found) throw new Refusal('not_found')
		await trx('webhook_deliveries')
			.where({ id: deliveryId })
			.update({ status: 'due', attempts: 0, retry_at: trx.fn.now(), settled_at: null, answer_code: null, last_error: null })
		await recordAudit(trx, { ...about(id), ...by, action: 'replayed', details: { deliveryId } })
		return toDelivery((await deliveries(trx).where({ id: deliveryId }).first()) as DeliveryRow)
	})
}

const about = (id: string) => ({ entity: 'webhook', entityId: id })

/** 256 random bits, in the form that the libraries of Standard Webhooks take. */
const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`
const sealed = (seal: Seal, secret: string, id: string) => seal.close(Buffer.from(secret), id)

function beforeId(cursor: string): string {
	const [id = ''] = decodeCursor(cursor, 1)
	if (!isDatabaseId(id)) throw invalidInput('cursor', 'is not one that this server gave out')
	return id
}

async function lockWebhook(trx: Tx, id: string): Promise<{ status: Webhook['status'] }> {
	const row = isDatabaseId(id) && (await trx('webhook_endpoints').where({ id }).forUpdate().first('status'))
	if (!row) throw new Refusal('not_found')
	return row
}

type WebhookRow = {
	id: string
	url: string
	events: WebhookEvent[]
	status: Webhook['status']
	disabled_at: Date | null
	disabled_because: Webhook['disabledBecause'] | null
	failing_since: Date | null
	former_until: Date | null
	created_at: Date
}

const webhooks = (db: DbOrTx) =>
	db('webhook_endpoints').select<WebhookRow[]>(
		'id',
		'url',
		'events',
		'status',
		'disabled_at',
		'disabled_because',
		'failing_since',
		'former_until',
		'created_at',
	)

const readWebhook = async (db: DbOrTx, id: string) => toWebhook((await webhooks(db).where({ id }).first()) as WebhookRow)

function toWebhook(row: WebhookRow): Webhook {
	return {
		id: row.id,
		url: row.url,
		events: row.events,
		status: row.status,
		...(row.disabled_at && { disabledAt: row.disabled_at.toISOString() }),
		...(row.disabled_because && { disabledBecause: row.disabled_because }),
		...(row.failing_since && { failingSince: row.failing_since.toISOString() }),
		...(row.former_until && { formerSecretUntil: row.former_until.toISOString() }),
		createdAt: row.created_at.toISOString(),
	}
}

type DeliveryRow = {
	id: string
	message_id: string
	event: string
	status: WebhookDelivery['status']
	attempts: number
	answer_code: number | null
	last_error: string | null
	created_at: Date
	retry_at: Date
	settled_at: Date | null
	payload: WebhookDelivery['payload']
}

const deliveries = (db: DbOrTx) =>
	db('webhook_deliveries').select<DeliveryRow[]>(
		'id',
		'message_id',
		'event',
		'status',
		'attempts',
		'answer_code',
		'last_error',
		'created_at',
		'retry_at',
		'settled_at',
		'payload',
	)

function toDelivery(row: DeliveryRow): WebhookDelivery {
	return {
		id: row.id,
		messageId: `msg_${row.message_id}`,
		event: row.event,
		status: row.status,
		attempts: row.attempts,
		...(row.answer_code !== null && { answerCode: row.answer_code }),
		...(row.last_error !== null && { error: row.last_error }),
		createdAt: row.created_at.toISOString(),
		...(row.status === 'due' && { nextAttemptAt: row.retry_at.toISOString() }),
		...(row.settled_at && { settledAt: row.settled_at.toISOString() }),
		payload: row.payload,
	}
}
