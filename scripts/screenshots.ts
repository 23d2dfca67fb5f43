/**
 * Takes pictures of every screen, phone and desktop, into docs/pictures, from a demo clinic of its own.
 *
 *   npm run screenshots
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import type { Doctor, Page as List } from '../contract/index.ts'
import { desktop, openBrowser, phone, signIn } from '../test/support/browser.ts'

const target = 'docs/pictures'

const startDemo = async (): Promise<{ url: string; stop: () => Promise<void> }> => {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'liveslot-pictures-'))
	const child = spawn(process.execPath, ['dist/server/main.js'], {
		env: { ...process.env, PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'warn', RATE_LIMIT: 'off' },
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	const exited = new Promise(resolve => child.once('exit', resolve))
	const url = await new Promise<string>((resolve, reject) => {
		child.stdout.on('data', chunk => {
			const ready = /ready on (http:\S+)/.exec(String(chunk))
			if (ready) resolve(ready[1] as string)
		})
		void exited.then(code => reject(new Error(`the server ended with ${code}`)))
	})
	return {
		url,
		stop: async () => {
			child.kill('SIGTERM')
			await exited
			rmSync(dataDir, { recursive: true, force: true })
		},
	}
}

type Shot = {
	name: string
	as?: string
	path: (doctor: Doctor) => string
	/** Waits for the screen, and prepares it, before the picture is taken. */
	ready: (page: Page) => Promise<unknown>
}

const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const freeSlot = (page: Page) => page.locator('[data-testid="slot"][data-state="free"]').first()

const shots: Shot[] = [
	{ name: 'doctors', path: () => '/', ready: page => page.getByText('Dr. Anna Lindner').first().waitFor() },
	{ name: 'week', path: ({ id }) => `/doctors/${id}?date=${dateAhead(7)}`, ready: page => freeSlot(page).waitFor() },
	{
		name: 'confirm',
		as: 'patient@clinic.example',
		path: ({ id }) => `/doctors/${id}?date=${dateAhead(7)}`,
		ready: async page => {
			await freeSlot(page).click()
			await page.getByTestId('countdown').waitFor()
		},
	},
	{
		name: 'visits',
		as: 'patient@clinic.example',
		path: () => '/visits',
		ready: page => page.getByText('Dr. Anna Lindner').first().waitFor(),
	},
	{ name: 'desk', as: 'reception@clinic.example', path: () => '/desk', ready: page => page.getByTestId('desk-slot').first().waitFor() },
	{ name: 'day', as: 'doctor@clinic.example', path: () => '/day', ready: page => page.getByTestId('day-summary').waitFor() },
	{ name: 'hours', as: 'doctor@clinic.example', path: () => '/hours', ready: page => page.waitForLoadState('networkidle') },
	{
		name: 'time-off',
		as: 'reception@clinic.example',
		path: ({ id }) => `/desk/doctors/${id}/time-off`,
		ready: page => page.waitForLoadState('networkidle'),
	},
	{ name: 'users', as: 'admin@clinic.example', path: () => '/admin/users', ready: page => page.getByTestId('user-row').first().waitFor() },
	{
		name: 'analytics',
		as: 'admin@clinic.example',
		path: () => '/admin/analytics',
		ready: page => page.getByTestId('analytics-chart').first().waitFor(),
	},
	{ name: 'audit', as: 'admin@clinic.example', path: () => '/admin/audit', ready: page => page.getByTestId('audit-row').first().waitFor() },
	{ name: 'jobs', as: 'admin@clinic.example', path: () => '/admin/jobs', ready: page => page.getByTestId('job').first().waitFor() },
	{ name: 'account', as: 'patient@clinic.example', path: () => '/account', ready: page => page.waitForLoadState('networkidle') },
	{
		name: 'security',
		as: 'reception@clinic.example',
		path: () => '/account/security',
		ready: page => page.getByTestId('session').first().waitFor(),
	},
	{ name: 'register', path: () => '/register', ready: page => page.getByLabel('E-mail address').waitFor() },
	{ name: 'forgotten-password', path: () => '/forgot-password', ready: page => page.getByLabel('E-mail address').waitFor() },
	{
		name: 'new-password',
		path: () => '/reset-password?token=x',
		ready: page => page.getByLabel('New password', { exact: true }).waitFor(),
	},
	{ name: 'outbox', path: () => '/dev/outbox', ready: page => page.waitForLoadState('networkidle') },
	{ name: 'sign-in', path: () => '/sign-in', ready: page => page.getByLabel('E-mail address').waitFor() },
]

const views: { suffix: string; options: BrowserContextOptions }[] = [
	{ suffix: 'desktop', options: desktop },
	{ suffix: 'phone', options: phone },
	{ suffix: 'dark', options: { ...desktop, colorScheme: 'dark' } },
]

const run = async () => {
	mkdirSync(target, { recursive: true })
	const browser = await openBrowser()
	if (!browser) throw new Error('there is no Chromium, and none could be installed')
	const demo = await startDemo()
	const only = process.argv.slice(2)
	try {
		const { items } = (await (await fetch(`${demo.url}/api/v1/doctors?q=Lindner`)).json()) as List<Doctor>
		for (const { suffix, options } of views) {
			for (const shot of shots.filter(({ name }) => only.length === 0 || only.includes(name))) {
				const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
				const page = await context.newPage()
				const screen = shot.path(items[0] as Doctor)
				if (shot.as) await signIn(page, demo.url, shot.as, { path: screen })
				else await page.goto(demo.url + screen)
				await shot.ready(page)
				// Gives charts and fonts time to render.
				await page.waitForTimeout(400)
				await page.screenshot({ path: path.join(target, `${shot.name}-${suffix}.png`) })
				await context.close()
				console.log(`${shot.name}-${suffix}`)
			}
		}
	} finally {
		await browser.close()
		await demo.stop()
	}
}

await run()
