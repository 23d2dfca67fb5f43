/// <reference lib="dom" />
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Chromium without windows: the same engine in the same version for a third less processor time. */
const shellNames = ['chromium-headless-shell']
/** Complete browsers, with features such as the request to allow notifications. */
const fullNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

const onPath = (names: readonly string[]): string | undefined =>
	names
		.flatMap(name => [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin'].map(directory => path.join(directory, name)))
		.find(existsSync)

/** Finds a browser, or installs one from the system's packages as root. Null where neither works. */
const findBrowser = (names: readonly string[]): string | null => {
	const found = onPath(names)
	if (found) return found
	if (process.getuid?.() !== 0) return null
	console.log('      no Chromium is installed; installing it with apt-get')
	try {
		// Another test process may be installing it. This one then waits and finds it installed.
		const script = 'command -v chromium || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }'
		const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
		execFileSync('flock', [path.join(tmpdir(), 'liveslot-browser.lock'), 'sh', '-c', script], { env, stdio: 'ignore' })
	} catch {
		return null
	}
	return onPath(names) ?? null
}

const flags = [
	...['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update'],
	...['--disable-sync', '--no-first-run', '--disable-dev-shm-usage'],
	// Without a graphics card no process is needed for one.
	...['--in-process-gpu', '--disable-software-rasterizer'],
]

/** Opens a browser. `full` asks for a complete one; by default its engine is enough. */
export const openBrowser = async ({ full = false } = {}): Promise<Browser | null> => {
	const executablePath = findBrowser(full ? fullNames : [...shellNames, ...fullNames])
	return executablePath ? await chromium.launch({ executablePath, args: flags }) : null
}

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'Europe/Berlin' }
export const phone: BrowserContextOptions = {
	viewport: { width: 390, height: 844 },
	locale: 'en-GB',
	timezoneId: 'Europe/Berlin',
	isMobile: true,
	hasTouch: true,
}

/** Removes everything of the previous user, except the page's files that the browser has read and compiled. */
const emptied = async (context: BrowserContext): Promise<BrowserContext> => {
	for (const page of context.pages()) {
		const { origin } = new URL(page.url())
		const session = await context.newCDPSession(page)
		if (origin !== 'null')
			await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'local_storage,indexeddb,cache_storage' })
		await page.close()
	}
	await Promise.all([context.clearCookies(), context.clearPermissions(), context.unrouteAll({ behavior: 'ignoreErrors' })])
	return context
}

/** How many characters of a page are printed, because calendars are long. */
const mostTold = 2000

/** Describes the pages of a failed test. */
const tellOf = async (pages: readonly Page[]) => {
	for (const page of pages) {
		const text = await page.innerText('body', { timeout: 2000 }).catch(error => String(error))
		console.log(`      on ${page.url()}:\n${text.slice(0, mostTold).replace(/^/gm, '      | ')}`)
	}
}

export type Browsing = {
	/** Opens a page with its own cookies and storage. A service worker loads the page once more by itself. */
	visitor(options?: BrowserContextOptions): Promise<Page>
	/** Errors on the pages' consoles, and uncaught exceptions. */
	readonly complaints: string[]
}

/**
 * A real browser for one `describe`. Where there is none, skips the block with a note, and fails in CI. `returning` visitors have
 * been at the clinic before, which makes each a quarter cheaper.
 */
export const useBrowser = (options: { full?: boolean; returning?: boolean } = {}): Browsing => {
	let browser: Browser | null = null
	let contexts: { context: BrowserContext; like: string }[] = []
	let idle: typeof contexts = []
	const complaints: string[] = []

	before(async function () {
		this.timeout(300_000)
		browser = await openBrowser(options)
		if (browser) return
		if (process.env.CI) throw new Error('there is no Chromium, and none could be installed')
		console.log('      there is no Chromium, and none could be installed: the browser tests are skipped')
		this.skip()
	})
	afterEach(async function () {
		if (this.currentTest?.state === 'failed') await tellOf(contexts.flatMap(({ context }) => context.pages()))
		if (options.returning)
			idle = [...idle, ...(await Promise.all(contexts.map(async ({ context, like }) => ({ context: await emptied(context), like }))))]
		else await Promise.all(contexts.map(({ context }) => context.close()))
		contexts = []
		complaints.length = 0
	})
	after(async () => {
		await browser?.close()
	})

	const newcomer = async (options: BrowserContextOptions) => {
		const context = await (browser as Browser).newContext({ reducedMotion: 'reduce', serviceWorkers: 'block', ...options })
		// tsx wraps named functions with a helper that is missing where they run in a page.
		await context.addInitScript('globalThis.__name ??= named => named')
		return context
	}

	return {
		complaints,
		async visitor(options = desktop) {
			const like = JSON.stringify(options)
			const returning = idle.find(each => each.like === like)
			idle = idle.filter(each => each !== returning)
			const context = returning?.context ?? (await newcomer(options))
			contexts.push({ context, like })
			const page = await context.newPage()
			page.setDefaultTimeout(30_000)
			page.on('pageerror', error => complaints.push(String(error)))
			page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
			return page
		},
	}
}

/** Signs in like a browser with a session: with the cookie, then the page. The form has tests of its own. */
export const signIn = async (
	page: Page,
	url: string,
	email: string,
	{ password = 'demo-clinic-2026', path = '/sign-in' }: { password?: string; path?: string } = {},
): Promise<void> => {
	const answer = await page.request.post(`${url}/api/v1/auth/login`, { data: { email, password } })
	if (!answer.ok()) throw new Error(`${email} cannot sign in: ${await answer.text()}`)
	// The page asks for the session only when it remembers one.
	await page.addInitScript("try { sessionStorage.arrived ??= localStorage['liveslot-session'] = '1' } catch {}")
	const known = page.waitForResponse(/auth\/refresh$/)
	await page.goto(url + path)
	await known
	// The page redirects users with a session to their first screen.
	if (path === '/sign-in') await page.waitForURL(address => address.pathname !== path)
}

/** Goes to another screen within the open page, like a link; opens the page first if necessary. */
export const goWithin = async (page: Page, url: string, path: string): Promise<void> => {
	if (!page.url().startsWith(url)) {
		await page.goto(url + path)
		return
	}
	await page.evaluate(wanted => {
		history.pushState(null, '', wanted)
		dispatchEvent(new PopStateEvent('popstate'))
	}, path)
}
