// Lets the page be installed, opens it without a connection, and shows what the server pushes.
// Answers of the API are never kept: a calendar from yesterday would be worse than none.
const shellCache = 'liveslot-shell-v1'
const assetCache = 'liveslot-assets-v1'
const current = [shellCache, assetCache]
const maxAssets = 150

/** What is kept serves whatever the request's headers: the server's `Vary` is about compression, which is undone here. */
const anyVariant = { ignoreVary: true }

const isAsset = url => url.pathname.startsWith('/assets/')

/** The page and what it loads first, so that it opens without a connection after the first visit. */
const keepShell = async response => {
	const page = await response.clone().text()
	const assets = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path)
	const [shell, kept] = await Promise.all([caches.open(shellCache), caches.open(assetCache)])
	await shell.put('/', response)
	const missing = []
	for (const path of assets) if (!(await kept.match(path, anyVariant))) missing.push(path)
	await kept.addAll(missing)
}

/** Names of assets carry a hash: the first kept are the oldest. */
const trimAssets = async () => {
	const kept = await caches.open(assetCache)
	const keys = await kept.keys()
	await Promise.all(keys.slice(0, Math.max(0, keys.length - maxAssets)).map(key => kept.delete(key)))
}

self.addEventListener('install', event => {
	event.waitUntil(
		fetch('/', { cache: 'no-cache' })
			.then(response => (response.ok ? keepShell(response) : undefined))
			.catch(() => {})
			.then(() => self.skipWaiting()),
	)
})

self.addEventListener('activate', event => {
	event.waitUntil(
		caches
			.keys()
			.then(names =>
				Promise.all(names.filter(name => name.startsWith('liveslot-') && !current.includes(name)).map(name => caches.delete(name))),
			)
			.then(trimAssets)
			.then(() => self.clients.claim()),
	)
})

/** The page from the server; the kept one when there is no answer, or none worth showing. */
const navigate = async event => {
	try {
		const response = await fetch(event.request)
		if (response.status >= 500) throw new Error('no page')
		const isPage = response.ok && !response.redirected && (response.headers.get('content-type') ?? '').startsWith('text/html')
		if (isPage) event.waitUntil(keepShell(response.clone()).catch(() => {}))
		return response
	} catch {
		return (await caches.match('/', { cacheName: shellCache, ...anyVariant })) ?? Response.error()
	}
}

const asset = async request => {
	const kept = await caches.open(assetCache)
	const known = await kept.match(request, anyVariant)
	if (known) return known
	const response = await fetch(request)
	if (response.ok) await kept.put(request, response.clone())
	return response
}

/** Pages that the server makes itself; the others are all the client's one page. */
const isServerPage = url => /^\/(api|docs|socket\.io|metrics|livez|readyz|dev|n)(\/|$)/.test(url.pathname)

self.addEventListener('fetch', event => {
	const url = new URL(event.request.url)
	if (event.request.method !== 'GET' || url.origin !== self.location.origin || isServerPage(url)) return
	if (event.request.mode === 'navigate') event.respondWith(navigate(event))
	else if (isAsset(url)) event.respondWith(asset(event.request))
})

const readPush = event => {
	try {
		const { title, body, url } = event.data.json()
		return { title: String(title || 'Liveslot'), body: body ? String(body) : '', url: typeof url === 'string' ? url : '/' }
	} catch {
		return { title: 'Liveslot', body: '', url: '/' }
	}
}

self.addEventListener('push', event => {
	const { title, body, url } = readPush(event)
	event.waitUntil(self.registration.showNotification(title, { body, icon: '/icon-192.png', badge: '/icon-192.png', data: { url } }))
})

self.addEventListener('notificationclick', event => {
	event.notification.close()
	const target = new URL(event.notification.data?.url ?? '/', self.location.origin)
	// What was pushed opens our own pages only.
	const url = target.origin === self.location.origin ? target.href : self.location.origin
	event.waitUntil(
		self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async windows => {
			const open = windows.find(window => window.url === url) ?? windows[0]
			if (!open) return await self.clients.openWindow(url)
			await open.focus()
			return await open.navigate(url).catch(() => self.clients.openWindow(url))
		}),
	)
})
