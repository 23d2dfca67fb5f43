/// <reference lib="dom" />
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { desktop, goWithin, signIn, useBrowser } from '../support/browser.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { isLong, isStrict } from '../support/forms.ts'
import { type Fate, startProxy, type TroubledProxy } from '../support/proxy.ts'

const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

/** `ask` sends what the screen asks only on request; the others ask by being opened. */
type ScreenUnderTest = { name: string; path: string; ready: (page: Page) => Promise<unknown>; ask?: (page: Page) => Promise<unknown> }
type Who = 'visitor' | 'newcomer' | 'patient' | 'reception' | 'doctor' | 'admin'

const press = (page: Page, name: string) => page.getByRole('main').getByRole('button', { name, exact: true }).first().click()

const fillSignIn = async (page: Page) => {
	await page.getByLabel('E-mail address').fill('patient3@clinic.example')
	await page.getByLabel('Password', { exact: true }).fill('demo-clinic-2026')
	await press(page, 'Sign in')
}
const fillRegistration = async (page: Page) => {
	await page.getByLabel('Full name').fill('Nadia Quist')
	await page.getByLabel('E-mail address').fill(`nadia.${randomUUID()}@example.com`)
	await page.getByLabel('Password', { exact: true }).fill('a password for tests')
	await press(page, 'Create an account')
}

const screensOf = (doctorId: string): Record<Who, ScreenUnderTest[]> => ({
	visitor: [
		{ name: 'find a doctor', path: '/', ready: page => page.getByText('Dr. Anna Lindner').first().waitFor() },
		{
			name: 'a doctor’s page',
			path: `/doctors/${doctorId}?date=${dateAhead(7)}`,
			ready: page => page.locator('[data-testid="slot"][data-state="free"]:not([disabled])').first().waitFor(),
		},
		{ name: 'sign in', path: '/sign-in', ready: page => page.getByLabel('E-mail address').waitFor(), ask: fillSignIn },
	],
	newcomer: [{ name: 'register', path: '/register', ready: page => page.getByLabel('Full name').waitFor(), ask: fillRegistration }],
	patient: [
		{ name: 'my appointments', path: '/visits', ready: page => page.getByText('Dr. Anna Lindner').first().waitFor() },
		{
			name: 'account',
			path: '/account',
			// The later half of the screen: when it is there, all of it is.
			ready: page => page.getByLabel('Language of the messages').waitFor(),
			ask: page => press(page, 'Save'),
		},
	],
	reception: [{ name: 'the desk', path: '/desk', ready: page => page.getByTestId('desk-slot').first().waitFor() }],
	doctor: [
		{ name: 'the doctor’s day', path: '/day', ready: page => page.getByTestId('day-summary').waitFor() },
		{
			name: 'working hours',
			path: '/hours',
			ready: page => page.getByTestId('plan').first().waitFor(),
		},
	],
	admin: [
		{ name: 'users', path: '/admin/users', ready: page => page.getByTestId('user-row').first().waitFor() },
		{ name: 'analytics', path: '/admin/analytics', ready: page => page.getByTestId('analytics-chart').first().waitFor() },
		{ name: 'audit log', path: '/admin/audit', ready: page => page.getByTestId('audit-row').first().waitFor() },
	],
})

/** Until trouble must have been told of: 15 s on a calm machine; a page takes some seconds to open on a busy one. */
const patienceMs = isStrict ? 15_000 : 40_000
const raw = /Error:|undefined|SELECT|Unexpected token|<html|nginx|Bad Gateway|Failed to fetch|\{"|\bat \w+\.\w+ \(/

/** Waits until the screen says so in its own words, and nothing on it pretends to be on its way. */
const notice = 'main [role="alert"]:not([data-testid="connection-lost"])'

const untilTold = async (page: Page, name: string): Promise<number> => {
	const began = performance.now()
	const told = (wanted: string) => {
		const main = document.querySelector('main') ?? document.body
		const busy = [...main.querySelectorAll<HTMLElement>('.mantine-Skeleton-root, .mantine-Loader-root, [data-loading]')]
		return document.querySelector(wanted) !== null && !busy.some(each => each.offsetHeight > 0)
	}
	await page.waitForFunction(told, notice, { timeout: patienceMs, polling: 100 }).catch(async () => {
		throw new Error(`${name}: nothing said within ${patienceMs} ms, but: ${await page.locator('body').innerText()}`)
	})
	expect(await page.locator('body').innerText(), name).not.to.match(raw)
	return performance.now() - began
}

/** A screen that asks nothing by being opened may have been kept by the browser: then it is simply there. */
const untilShownOrTold = (page: Page, { name, ask, ready }: ScreenUnderTest) =>
	ask ? Promise.any([ready(page), untilTold(page, name)]) : untilTold(page, name)

/** Tries again, as often as that is offered, until the screen is there. */
const untilReady = async (page: Page, ready: ScreenUnderTest['ready']) => {
	const again = page.getByRole('button', { name: 'Try again' }).first()
	let isWaiting = true
	const there = ready(page).finally(() => {
		isWaiting = false
	})
	there.catch(() => {})
	while (isWaiting) {
		// It may go by itself before it is pressed.
		if (await again.isVisible()) await again.click({ timeout: 1000 }).catch(() => {})
		await Promise.race([there.catch(() => {}), page.waitForTimeout(500)])
	}
	await there
}

/** Goes on as a person would: sends the form again, and tries again where that is offered. */
const recover = async (page: Page, { name, ask, ready }: ScreenUnderTest) => {
	await ask?.(page)
	if (!ask) return await untilReady(page, ready)
	// What was saved is told of in a status, and is no trouble.
	const gone = (wanted: string) => ![...document.querySelectorAll(wanted)].some(each => !each.closest('[role="status"]'))
	await page.waitForFunction(gone, notice, { polling: 100 }).catch(async () => {
		throw new Error(`${name} does not come back: ${await page.locator('body').innerText()}`)
	})
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

describe('a page whose server is in trouble', function () {
	this.timeout(300_000)
	const node = useDemoNode()
	const browsing = useBrowser()
	const proxies: TroubledProxy[] = []
	afterEach(async () => {
		await Promise.all(proxies.splice(0).map(proxy => proxy.stop()))
	})

	/** Every person has a proxy of their own, so that all of them can be in trouble at once. */
	const arrive = async (who: Who) => {
		const proxy = await startProxy(node.url)
		proxies.push(proxy)
		const page = await browsing.visitor({ ...desktop, serviceWorkers: 'allow' })
		if (who !== 'visitor' && who !== 'newcomer') await signIn(page, proxy.url, `${who}@clinic.example`, { path: '/nowhere' })
		// A session that is being renewed would be lost with its answer: its token is used up, and the next one never came.
		await page.waitForLoadState('networkidle')
		const { id } = await doctorNamed(node, 'Lindner')
		return { proxy, page, screens: screensOf(id)[who] }
	}

	const people: Who[] = ['visitor', 'newcomer', 'patient', 'reception', 'doctor', 'admin']
	/** In the short form each trouble comes over some of them, and each of them meets some. */
	const some = (...whom: Who[]) => (isLong || isStrict ? people : whom)

	const meet = async (who: Who, decision: (path: string) => Fate, atMost: number) => {
		const { proxy, page, screens } = await arrive(who)
		const told: string[] = []
		for (const screen of screens.slice(0, atMost)) {
			if (screen.ask) {
				await page.goto(proxy.url + screen.path)
				await screen.ready(page)
			}
			proxy.decide(decision)
			if (screen.ask) await screen.ask(page)
			else await page.goto(proxy.url + screen.path)
			told.push(`${screen.name} ${seconds(await untilTold(page, screen.name))}`)
			proxy.decide(() => 'well')
			await recover(page, screen)
		}
		return told
	}

	/** One screen of each of them, or all in the long form. */
	const atMost = isLong || isStrict ? Number.POSITIVE_INFINITY : 1

	const meetAll = async (whom: readonly Who[], decision: (path: string) => Fate) => {
		const told = await Promise.all(whom.map(who => meet(who, decision, atMost)))
		console.log(`      told of after: ${told.flat().join(', ')}`)
	}

	const isApi = (path: string) => path.startsWith('/api/') && !path.startsWith('/api/v1/auth/refresh')
	const isLive = (path: string) => path.startsWith('/socket.io/')

	it('shows a message when every call fails, and the screen when calls succeed again', () =>
		meetAll(some('newcomer', 'patient', 'reception'), path => (isApi(path) ? 'internal' : 'well')))

	if (isLong)
		it('shows a message when a proxy answers 502 in HTML, and the screen when the server answers again', () =>
			meetAll(people, path => (isApi(path) || isLive(path) ? 'bad gateway' : 'well')))

	it('shows a message when no call is answered, and the screen when calls are answered again', () =>
		meetAll(some('visitor', 'doctor', 'admin'), path => (isApi(path) || isLive(path) ? 'silent' : 'well')))

	for (const fate of isLong ? (['bad gateway', 'silent'] as const) : (['silent'] as const)) {
		it(`keeps a person signed in when the server cannot confirm the session (${fate})`, async () => {
			const { proxy, page, screens } = await arrive('doctor')
			const [screen] = screens as [ScreenUnderTest]
			proxy.decide(path => (path.startsWith('/api/') || isLive(path) ? fate : 'well'))
			await page.goto(proxy.url + screen.path)
			await untilTold(page, screen.name)
			proxy.decide(() => 'well')
			await recover(page, screen)
		})
	}

	/** Times that the page offers to take. */
	const tappable = '[data-testid="slot"]:not([disabled]), [data-testid="desk-slot"][data-state="free"]:not([aria-disabled="true"])'

	it('shows a message and offers no slot while the server is gone, and the screen once it is back', async () => {
		await Promise.all(
			some('patient', 'reception').map(async who => {
				const { proxy, page, screens } = await arrive(who)
				for (const screen of screens.slice(0, atMost)) {
					await goWithin(page, proxy.url, '/nowhere')
					await page.getByText('There is no such page.').first().waitFor()
					await page.waitForLoadState('networkidle')
					await proxy.refuse()
					await goWithin(page, proxy.url, screen.path)
					await untilShownOrTold(page, screen)
					await page.getByTestId('connection-lost').waitFor()
					await proxy.accept()
					await untilReady(page, screen.ready)
					if (screen.ask) continue

					await page.getByTestId('connection-lost').waitFor({ state: 'detached' })
					await proxy.refuse()
					await page.getByTestId('connection-lost').waitFor()
					expect(await page.locator(tappable).count(), `${screen.name}: slots that can be taken`).to.equal(0)
					await proxy.accept()
					await page.getByTestId('connection-lost').waitFor({ state: 'detached' })
				}
			}),
		)
	})
})
