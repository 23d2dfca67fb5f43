import { z } from 'zod'
import { Id, IdParams, Instant, TimeZone } from './common.ts'
import { endpoint } from './endpoint.ts'
import { staffRoles } from './roles.ts'

export const notificationChannels = ['email', 'sms', 'push'] as const
export const NotificationChannel = z.enum(notificationChannels)
export type NotificationChannel = z.infer<typeof NotificationChannel>

export const NotificationKind = z.enum(['reminder', 'booked', 'rescheduled', 'cancelled', 'notice', 'offer'])
export type NotificationKind = z.infer<typeof NotificationKind>

export const NotificationStatus = z.enum(['due', 'sent', 'failed', 'void', 'skipped']).meta({
	description: 'void: no longer true or wanted when its turn came. skipped: its moment had passed. failed: given up, see error.',
})
export type NotificationStatus = z.infer<typeof NotificationStatus>

/** The languages of messages. */
export const languages = ['en', 'es', 'de', 'ar'] as const
export const Language = z.enum(languages)
export type Language = z.infer<typeof Language>

/** A row of the ledger: one message about an appointment by one channel, whether it is due, sent, failed or void. */
export const Notification = z
	.object({
		id: Id,
		kind: NotificationKind,
		channel: NotificationChannel,
		text: z.string().optional().meta({ description: 'Of a notice: what the desk wrote.' }),
		leadMinutes: z.number().int().optional().meta({ description: 'Of a reminder: how long before the visit.' }),
		dueAt: Instant,
		status: NotificationStatus,
		attempts: z.number().int(),
		nextTryAt: Instant.optional(),
		sentAt: Instant.optional(),
		providerId: z.string().optional().meta({ description: 'What the provider calls the message, to ask it about.' }),
		error: z.string().optional(),
	})
	.meta({ id: 'Notification' })
export type Notification = z.infer<typeof Notification>

const channelChoice = { email: z.boolean(), sms: z.boolean(), push: z.boolean() }

export const NotificationPreferences = z
	.object({
		...channelChoice,
		language: Language,
		timeZone: TimeZone.nullable().meta({ description: 'For quiet hours; null is the doctor’s.' }),
		offered: z.array(NotificationChannel).meta({ description: 'Channels that this clinic has.' }),
	})
	.meta({ id: 'NotificationPreferences' })
export type NotificationPreferences = z.infer<typeof NotificationPreferences>

export const NotificationPreferencesInput = z.object({ ...channelChoice, language: Language, timeZone: TimeZone.nullable() }).partial()
export type NotificationPreferencesInput = z.infer<typeof NotificationPreferencesInput>

export const Job = z
	.object({
		name: z.string(),
		every: z.string().meta({ description: 'A cron line in UTC, or an interval.' }),
		running: z.boolean(),
		lastRunAt: Instant.nullable(),
		lastFinishedAt: Instant.nullable(),
		lastRunBy: z.string().nullable().meta({ description: 'The node that ran it last, or runs it.' }),
		nextRunAt: Instant.nullable(),
		failures: z.number().int(),
		failedAt: Instant.nullable(),
		error: z.string().nullable(),
	})
	.meta({ id: 'Job' })
export type Job = z.infer<typeof Job>

/** As the browser's PushManager gives it, see https://www.w3.org/TR/push-api/. */
export const PushSubscriptionInput = z.object({
	endpoint: z.url({ protocol: /^https?$/ }).max(1000),
	keys: z.object({
		p256dh: z.base64url().min(80).max(100),
		auth: z.base64url().min(20).max(32),
	}),
})
export type PushSubscriptionInput = z.infer<typeof PushSubscriptionInput>

const tag = 'Notifications'

export const notificationEndpoints = {
	getPushKey: endpoint({
		method: 'get',
		path: '/push/key',
		tag,
		summary: 'The public key that a browser subscribes to notifications with (VAPID, RFC 8292).',
		access: 'anyone',
		response: z.object({ publicKey: z.string() }),
	}),
	addPushSubscription: endpoint({
		method: 'post',
		path: '/me/push-subscriptions',
		tag,
		summary: 'Receive notifications on this device.',
		access: 'signed-in',
		body: PushSubscriptionInput,
	}),
	removePushSubscription: endpoint({
		method: 'delete',
		path: '/me/push-subscriptions',
		tag,
		summary: 'No longer receive them on this device.',
		access: 'signed-in',
		body: PushSubscriptionInput.pick({ endpoint: true }),
	}),
	listNotifications: endpoint({
		method: 'get',
		path: '/appointments/:id/notifications',
		tag,
		summary: 'What was told about an appointment, when and over what, and what failed why.',
		access: ['doctor', ...staffRoles],
		reveals: 'appointment',
		params: IdParams,
		response: z.object({ confirmedAt: Instant.nullable(), items: z.array(Notification) }),
		refusals: ['not_found'],
	}),
	retryNotification: endpoint({
		method: 'post',
		path: '/notifications/:id/retry',
		tag,
		summary: 'Try a message again that was given up. It is looked at anew: what is no longer true is not sent.',
		access: staffRoles,
		params: IdParams,
		response: Notification,
		refusals: ['not_found', 'wrong_status'],
	}),
	getOwnPreferences: endpoint({
		method: 'get',
		path: '/me/notifications',
		tag,
		summary: 'How one is told about one’s visits.',
		access: ['patient'],
		response: NotificationPreferences,
	}),
	updateOwnPreferences: endpoint({
		method: 'patch',
		path: '/me/notifications',
		tag,
		summary: 'Choose channels, language and time zone.',
		access: ['patient'],
		body: NotificationPreferencesInput,
		response: NotificationPreferences,
	}),
	getPatientPreferences: endpoint({
		method: 'get',
		path: '/patients/:id/notifications',
		tag,
		summary: 'How a patient is told about visits.',
		access: staffRoles,
		reveals: 'patient',
		params: IdParams,
		response: NotificationPreferences,
		refusals: ['not_found'],
	}),
	updatePatientPreferences: endpoint({
		method: 'patch',
		path: '/patients/:id/notifications',
		tag,
		summary: 'Change how a patient is told, as they asked.',
		access: staffRoles,
		params: IdParams,
		body: NotificationPreferencesInput,
		response: NotificationPreferences,
		refusals: ['not_found'],
	}),
	listJobs: endpoint({
		method: 'get',
		path: '/admin/jobs',
		tag: 'Admin',
		summary: 'Recurring work: last run, next run, failures.',
		access: ['admin'],
		response: z.object({ items: z.array(Job) }),
	}),
	runJob: endpoint({
		method: 'post',
		path: '/admin/jobs/:name/run',
		tag: 'Admin',
		summary: 'Run a job now, on whichever node takes it.',
		access: ['admin'],
		params: z.object({ name: z.string().max(100) }),
		status: 202,
		response: z.object({}),
		refusals: ['not_found'],
	}),
}
