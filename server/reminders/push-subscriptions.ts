import { notificationEndpoints as endpoints, type PushSubscriptionInput } from '../../contract/index.ts'
import { publicRoute, type Route, route } from '../identity/handlers.ts'
import { type Db, inTransaction } from '../platform/database/database.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Device } from './channels/push.ts'
import type { NoticePolicy } from './ledger.ts'
import { remindOverNewChannels } from './preferences.ts'

export type PushSubscriptionDeps = { db: Db; publicKey: string | undefined; notices: NoticePolicy }

/** More devices than a person carries. Without a limit, one message could flood a site that an account names. */
const devicesPerAccount = 10

/** Devices that receive notifications. An endpoint belongs to the account that subscribed with it last. */
export function pushSubscriptionRoutes({ db, publicKey, notices }: PushSubscriptionDeps): Route[] {
	return [
		publicRoute(endpoints.getPushKey, async () => {
			if (!publicKey) throw new Refusal('not_found', { message: 'This server sends no push notifications' })
			return { publicKey }
		}),
		route(endpoints.addPushSubscription, async ({ body }, actor) => {
			await addDevice(db, actor.userId, body)
			if (actor.patientId !== undefined) await remindOverNewChannels(db, actor.patientId, notices)
		}),
		route(endpoints.removePushSubscription, async ({ body }, actor) => {
			await db('push_subscriptions').where({ user_id: actor.userId, endpoint: body.endpoint }).delete()
		}),
	]
}

/** The newest devices of an account. An account may have more from an earlier version; those receive nothing. */
export function devicesOf(db: Db, userId: string): Promise<Device[]> {
	return youngestFirst(db, userId).limit(devicesPerAccount).select<Device[]>('id', 'endpoint', 'p256dh', 'auth')
}

export async function forgetDevice(db: Db, id: string): Promise<void> {
	await db('push_subscriptions').where({ id }).delete()
}

/** Adds a device, and removes the oldest ones beyond the limit. */
function addDevice(db: Db, userId: string, { endpoint, keys }: PushSubscriptionInput): Promise<void> {
	return inTransaction(db, async trx => {
		// Locks the account, so that devices that subscribe at the same time count each other.
		await trx('users').where({ id: userId }).forNoKeyUpdate().first('id')
		await trx('push_subscriptions')
			.insert({ user_id: userId, endpoint, p256dh: keys.p256dh, auth: keys.auth })
			.onConflict('endpoint')
			.merge({ user_id: userId, p256dh: keys.p256dh, auth: keys.auth, created_at: trx.fn.now() })
		await trx('push_subscriptions').whereIn('id', youngestFirst(trx, userId).offset(devicesPerAccount).select('id')).delete()
	})
}

function youngestFirst(db: Db, userId: string) {
	return db('push_subscriptions').where({ user_id: userId }).orderBy('created_at', 'desc').orderBy('id', 'desc')
}
