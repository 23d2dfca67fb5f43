import { expect } from 'chai'
import { signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { type Fate, startProxy, type TroubledProxy } from '../support/proxy.ts'

describe('a signed-in person', function () {
	this.timeout(60_000)
	const node = useDemoNode()
	const browsing = useBrowser({ returning: true })
	let proxy: TroubledProxy
	beforeEach(async () => {
		proxy = await startProxy(node.url)
	})
	afterEach(() => proxy.stop())

	it('stays signed in in all tabs, however many of them return at once', async () => {
		const first = await browsing.visitor()
		await signIn(first, node.url, 'reception@clinic.example', { path: '/desk' })
		const others = await Promise.all([1, 2, 3].map(() => first.context().newPage()))
		const tabs = [first, ...others]
		await Promise.all(tabs.map(tab => tab.goto(`${node.url}/desk`)))
		await Promise.all(tabs.map(tab => tab.getByTestId('desk-slot').first().waitFor()))
	})

	it('stays signed in when the page is left during a renewal of the session', async () => {
		const page = await browsing.visitor()
		await signIn(page, proxy.url, 'patient@clinic.example', { path: '/visits' })
		await page.getByText('Dr. Anna Lindner').first().waitFor()
		proxy.decide(path => (path.startsWith('/api/v1/auth/refresh') ? 'slow' : 'well'))
		for (let time = 0; time < 2; time++) {
			const asked = page.waitForRequest(/auth\/refresh/)
			await page.reload({ waitUntil: 'commit' })
			await asked
		}
		await page.reload()
		await page.getByText('Dr. Anna Lindner').first().waitFor()
		expect(new URL(page.url()).pathname).to.equal('/visits')
	})

	for (const fate of ['late', 'lost', 'internal', 'bad gateway'] as const) {
		it(`stays signed in without doing anything when the answer to a renewal is this: ${fate}`, async () => {
			const page = await browsing.visitor()
			await signIn(page, proxy.url, 'patient@clinic.example', { path: '/visits' })
			await page.getByText('Dr. Anna Lindner').first().waitFor()
			const fates: Fate[] = [fate]
			proxy.decide(path => (path.startsWith('/api/v1/auth/refresh') && fates.pop()) || 'well')
			await page.reload({ waitUntil: 'commit' })
			await page.getByText('Dr. Anna Lindner').first().waitFor()
			expect(fates).to.deep.equal([])
			expect(new URL(page.url()).pathname).to.equal('/visits')
		})
	}

	for (const fate of ['lost', 'bad gateway'] as const) {
		it(`signs in though the first answer is this: ${fate}`, async () => {
			const page = await browsing.visitor()
			const fates: Fate[] = [fate]
			proxy.decide(path => (path.startsWith('/api/v1/auth/login') && fates.pop()) || 'well')
			await page.goto(`${proxy.url}/sign-in`)
			await page.getByLabel('E-mail address').fill('patient@clinic.example')
			await page.getByLabel('Password', { exact: true }).fill('demo-clinic-2026')
			await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
			await page.getByRole('button', { name: /^Account: / }).waitFor()
			expect(fates).to.deep.equal([])
		})
	}

	it('signs out on a guarded screen and sees the start page, not a question to sign in', async () => {
		const page = await browsing.visitor()
		await signIn(page, proxy.url, 'patient@clinic.example', { path: '/visits' })
		await page.getByText('Dr. Anna Lindner').first().waitFor()
		const visited: string[] = []
		page.on('framenavigated', frame => visited.push(new URL(frame.url()).pathname))
		await page.getByRole('button', { name: /^Account: / }).click()
		await page.getByRole('menuitem', { name: 'Sign out' }).click()
		await page.getByRole('link', { name: 'Sign in' }).waitFor()
		expect([...new Set(visited)]).to.deep.equal(['/'])
	})
})
