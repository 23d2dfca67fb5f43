/// <reference lib="dom" />
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { book, done } from '../booking/desk.ts'
import { aSlot } from '../reminders/a-clinic.ts'
import { decrypt, type PushKeys, somePushKeys } from '../reminders/a-push-browser.ts'
import { useWebService } from '../reminders/a-web-service.ts'
import { phone, signIn, useBrowser } from '../support/browser.ts'
import { hoursAhead } from '../support/calendar.ts'
import { doctorNamed, useDemoNode } from '../support/demo-node.ts'
import { aPatient } from '../support/people.ts'
import { startProxy } from '../support/proxy.ts'
import { waitFor } from '../support/wait.ts'

const setting = (page: Page) => page.getByTestId('push-setting')
const onText = 'You are reminded of your appointments here.'

describe('the page as an app', function () {
	this.timeout(60_000)
	const service = useWebService(() => ({ status: 201 }))
	const node = useDemoNode({ QUIET_HOURS: 'off' })
	const browsing = useBrowser({ full: true })

	/** Browsers subscribe at their makers’ push services, which cannot be reached from here: this one does at ours. */
	const subscribesHere = (page: Page, { told }: PushKeys) =>
		page.addInitScript(
			({ endpoint, keys }) => {
				let current: object | null = null
				PushManager.prototype.getSubscription = async () => current as PushSubscription | null
				PushManager.prototype.subscribe = async options => {
					if (!options?.userVisibleOnly || !options.applicationServerKey) throw new TypeError('needs a key, and to be visible')
					const toJSON = () => ({ endpoint, keys })
					const unsubscribe = async () => {
						current = null
						return true
					}
					current = { endpoint, toJSON, unsubscribe }
					return current as PushSubscription
				}
			},
			{ endpoint: `${service.url}/push/one`, keys: told },
		)

	it('can be installed: the browser accepts its manifest, and its icons have the sizes that it declares', async () => {
		const page = await browsing.visitor({ ...phone, serviceWorkers: 'allow' })
		await page.goto(node.url)
		const devtools = await page.context().newCDPSession(page)
		const { url, errors, data } = await devtools.send('Page.getAppManifest')
		expect(new URL(url).pathname).to.equal('/manifest.webmanifest')
		expect(errors).to.deep.equal([])
		const manifest = JSON.parse(data as string)
		expect(manifest).to.include({ start_url: '/', display: 'standalone' })
		for (const { src, sizes, type } of manifest.icons) {
			const size = await page.evaluate(async path => {
				const image = new Image()
				image.src = path
				await image.decode()
				return `${image.naturalWidth}x${image.naturalHeight}`
			}, src)
			if (type === 'image/png') expect(size, src).to.equal(sizes)
		}
		expect(manifest.icons.map(({ sizes }: { sizes: string }) => sizes)).to.include.members(['192x192', '512x512'])
	})

	it('says that the browser blocks notifications when it does', async () => {
		const page = await browsing.visitor({ ...phone, serviceWorkers: 'allow' })
		await signIn(page, node.url, 'patient7@clinic.example', { path: '/account' })
		// No person is there to allow it, so that the browser refuses.
		await setting(page).getByRole('button', { name: 'Switch on' }).click()
		await setting(page).getByText('The browser blocks notifications for this site.').waitFor()
	})

	it('shows a notification of a booking on a device from when it is switched on until it is switched off', async () => {
		const patient = await aPatient(node)
		const keys = somePushKeys()
		const page = await browsing.visitor({ ...phone, serviceWorkers: 'allow' })
		await page.context().grantPermissions(['notifications'], { origin: node.url })
		await subscribesHere(page, keys)
		const devtools = await page.context().newCDPSession(page)
		const registrations: string[] = []
		devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: found }) => {
			for (const { registrationId } of found) registrations.push(registrationId)
		})
		await devtools.send('ServiceWorker.enable')
		await signIn(page, node.url, patient.email, { password: patient.password, path: '/account' })
		await setting(page).getByRole('button', { name: 'Switch on' }).click()
		await setting(page).getByText(onText).waitFor()
		await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}))

		const { id } = await doctorNamed(node, 'Lindner')
		done(await book(node, patient, await aSlot(node, id, hoursAhead(24 * 80))))
		await waitFor(() => service.requests.length > 0, 'the notification to be sent')
		const payload = decrypt(service.requests[0] as (typeof service.requests)[0], keys)
		const { title, body } = JSON.parse(payload)
		// What the push service would hand over.
		await devtools.send('ServiceWorker.deliverPushMessage', {
			origin: node.url,
			registrationId: registrations.at(-1) as string,
			data: payload,
		})
		const shown = () =>
			page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(each => [each.title, each.body]))
		await waitFor(async () => (await shown()).length > 0, 'the notification to be shown', 30_000)
		expect(await shown()).to.deep.equal([[title, body ?? '']])

		await setting(page).getByRole('button', { name: 'Switch off' }).click()
		await setting(page).getByText('We can remind you of your appointments here.').waitFor()
		expect(await node.db('push_subscriptions').where({ user_id: patient.id })).to.deep.equal([])
	})

	it('opens without a connection, and says that there is none', async () => {
		const proxy = await startProxy(node.url)
		try {
			const page = await browsing.visitor({ ...phone, serviceWorkers: 'allow' })
			await page.goto(proxy.url)
			await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}))
			await page.reload()
			await page.getByText('Dr. Anna Lindner').first().waitFor()
			await page.waitForLoadState('networkidle')
			await proxy.refuse()
			await page.reload()
			await page.getByTestId('connection-lost').waitFor()
			await page.getByRole('heading', { level: 1, name: 'Find a doctor' }).waitFor()
		} finally {
			await proxy.stop()
		}
	})
})
