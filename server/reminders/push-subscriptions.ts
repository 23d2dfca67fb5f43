import { notificationEndpoints as endpoints } from '../../contract/index.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import type { Db } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import type { NoticePolicy } from './policy.ts'
import { remindOverNewChannels } from './preferences.ts'

export type PushSubscriptionDeps = { db: Db; publicKey: string | undefined; notices: NoticePolicy }

/** Devices that receive notifications. An endpoint belongs to whoever subscribed with it last. */
export const pushSubscriptionRoutes = ({ db, publicKey, notices }: PushSubscriptionDeps): Route[] => [
	publicRoute(endpoints.getPushKey, async () => {
		if (!publicKey) throw new Refusal('not_found', { message: 'This server sends no push notifications' })
		return { publicKey }
	}),
	route(endpoints.addPushSubscription, async ({ body }, actor) => {
		const { endpoint, keys } = body
		await db('push_subscriptions')
			.insert({ user_id: actor.userId, endpoint, p256dh: keys.p256dh, auth: keys.auth })
			.onConflict('endpoint')
			.merge(['user_id', 'p256dh', 'auth'])
		if (actor.patientId !== undefined) await remindOverNewChannels(db, actor.patientId, notices)
	}),
	route(endpoints.removePushSubscription, async ({ body }, actor) => {
		await db('push_subscriptions').where({ user_id: actor.userId, endpoint: body.endpoint }).delete()
	}),
]
