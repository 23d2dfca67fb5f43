import { request } from '../api/http.ts'

/** `unsupported`: the browser cannot, or not here (on an iPhone only once the page is on the home screen). */
export type PushState = 'unsupported' | 'blocked' | 'off' | 'on'

const isSupported = () => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> => {
	const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
	return Uint8Array.from(text, character => character.charCodeAt(0))
}

const registration = async (): Promise<ServiceWorkerRegistration> =>
	(await navigator.serviceWorker.getRegistration()) ?? (await navigator.serviceWorker.register('/sw.js'))

const subscription = async (): Promise<PushSubscription | null> => {
	const found = await navigator.serviceWorker.getRegistration()
	return (await found?.pushManager.getSubscription()) ?? null
}

export const readPush = async (): Promise<PushState> => {
	if (!isSupported()) return 'unsupported'
	if (Notification.permission === 'denied') return 'blocked'
	return Notification.permission === 'granted' && (await subscription().catch(() => null)) ? 'on' : 'off'
}

/** Asks for permission, so it must come from a tap. @throws ApiError when the server could not take the subscription */
export const switchPushOn = async (): Promise<PushState> => {
	if (!isSupported()) return 'unsupported'
	const permission = await Notification.requestPermission()
	if (permission !== 'granted') return permission === 'denied' ? 'blocked' : 'off'
	const { publicKey } = await request<{ publicKey: string }>('/push/key')
	const { pushManager } = await registration()
	// A subscription under a key that the server no longer has would never deliver.
	await (await pushManager.getSubscription())?.unsubscribe()
	const subscribed = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(publicKey) })
	const { endpoint, keys } = subscribed.toJSON()
	try {
		await request('/me/push-subscriptions', { method: 'POST', body: { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } } })
	} catch (error) {
		await subscribed.unsubscribe().catch(() => {})
		throw error
	}
	return 'on'
}

/** @throws ApiError */
export const switchPushOff = async (): Promise<PushState> => {
	const subscribed = await subscription()
	if (subscribed) {
		await request('/me/push-subscriptions', { method: 'DELETE', body: { endpoint: subscribed.endpoint } })
		await subscribed.unsubscribe()
	}
	return 'off'
}
