import { z } from 'zod'
import { Id, IdParams, Instant, PageQuery, pageOf } from './common.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

/** What can happen. Endpoints subscribe to single events, or to all of a kind with a star. */
export const webhookEvents = [
	'appointment.booked',
	'appointment.rescheduled',
	'appointment.cancelled',
	'appointment.status',
	'offer.opened',
	'offer.accepted',
	'offer.declined',
	'offer.expired',
	'offer.withdrawn',
	'patient.created',
	'patient.updated',
	'patient.merged',
	'patient.erased',
] as const
export const webhookSubscriptions = ['appointment.*', 'offer.*', 'patient.*', ...webhookEvents] as const
export const WebhookEvent = z.enum(webhookSubscriptions).meta({ id: 'WebhookEvent' })
export type WebhookEvent = z.infer<typeof WebhookEvent>

export const Webhook = z
	.object({
		id: Id,
		url: z.string(),
		events: z.array(WebhookEvent),
		status: z.enum(['active', 'disabled']),
		disabledAt: Instant.optional(),
		disabledBecause: z
			.enum(['admin', 'gone', 'failing'])
			.optional()
			.meta({ description: 'gone: it answered 410. failing: no delivery has succeeded for days.' }),
		failingSince: Instant.optional().meta({ description: 'Since when no delivery has succeeded.' }),
		formerSecretUntil: Instant.optional().meta({
			description: 'Until then messages also carry a signature of the secret before the last rotation.',
		}),
		createdAt: Instant,
	})
	.meta({ id: 'Webhook' })
export type Webhook = z.infer<typeof Webhook>

export const WebhookWithSecret = Webhook.extend({
	secret: z.string().meta({ description: 'Shown now and never again: `whsec_…`, as the libraries of Standard Webhooks take it.' }),
}).meta({ id: 'WebhookWithSecret' })
export type WebhookWithSecret = z.infer<typeof WebhookWithSecret>

export const WebhookDelivery = z
	.object({
		id: Id,
		messageId: z.string().meta({ description: 'The header `webhook-id`, the same at every attempt and replay.' }),
		event: z.string(),
		status: z.enum(['due', 'delivered', 'failed']),
		attempts: z.number().int(),
		answerCode: z.number().int().optional().meta({ description: 'The HTTP status of the last answer.' }),
		error: z.string().optional().meta({ description: 'Why the last attempt failed.' }),
		createdAt: Instant,
		nextAttemptAt: Instant.optional(),
		settledAt: Instant.optional(),
		payload: z.object({ type: z.string(), timestamp: z.string(), data: z.record(z.string(), z.unknown()) }),
	})
	.meta({ id: 'WebhookDelivery' })
export type WebhookDelivery = z.infer<typeof WebhookDelivery>

const Url = z.url({ protocol: /^https?$/ }).max(1000)

const Events = z
	.array(WebhookEvent)
	.min(1)
	.max(webhookSubscriptions.length)
	.transform(list => [...new Set(list)])

const tag = 'Admin'
const admin = { tag, access: ['admin'] } satisfies Partial<Endpoint>

export const webhookEndpoints = {
	listWebhooks: endpoint({
		...admin,
		method: 'get',
		path: '/admin/webhooks',
		summary: 'Addresses that are told what happens, newest first.',
		query: PageQuery,
		response: pageOf(Webhook),
	}),
	createWebhook: endpoint({
		...admin,
		method: 'post',
		path: '/admin/webhooks',
		summary: 'Tell an address what happens, signed as Standard Webhooks says (https://www.standardwebhooks.com).',
		body: z.object({ url: Url, events: Events }),
		status: 201,
		response: WebhookWithSecret,
	}),
	updateWebhook: endpoint({
		...admin,
		method: 'patch',
		path: '/admin/webhooks/:id',
		summary: 'Change what is named. Enabled again, an address gets what was still due.',
		params: IdParams,
		body: z.object({ url: Url, events: Events, enabled: z.boolean() }).partial(),
		response: Webhook,
		refusals: ['not_found'],
	}),
	rotateWebhook: endpoint({
		...admin,
		method: 'post',
		path: '/admin/webhooks/:id/rotate',
		summary: 'A new secret. For some time messages are signed with the former one, too.',
		params: IdParams,
		body: z.object({
			overlapMinutes: z
				.number()
				.int()
				.min(0)
				.max(7 * 24 * 60)
				.default(24 * 60),
		}),
		response: WebhookWithSecret,
		refusals: ['not_found'],
	}),
	removeWebhook: endpoint({
		...admin,
		method: 'delete',
		path: '/admin/webhooks/:id',
		summary: 'Stop telling an address, and forget its deliveries.',
		params: IdParams,
		refusals: ['not_found'],
	}),
	listWebhookDeliveries: endpoint({
		...admin,
		method: 'get',
		path: '/admin/webhooks/:id/deliveries',
		summary: 'What an address was told or is to be told, newest first. Settled deliveries are kept for 30 days.',
		params: IdParams,
		query: PageQuery.extend({ status: WebhookDelivery.shape.status.optional() }),
		response: pageOf(WebhookDelivery),
		refusals: ['not_found'],
	}),
	replayWebhookDelivery: endpoint({
		...admin,
		method: 'post',
		path: '/admin/webhooks/:id/deliveries/:deliveryId/replay',
		summary: 'Deliver again, with the same id.',
		params: IdParams.extend({ deliveryId: Id }),
		status: 202,
		response: WebhookDelivery,
		refusals: ['not_found'],
	}),
}
