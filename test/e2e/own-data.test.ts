import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { PersonalData } from '../../contract/index.ts'
import { phone, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { call } from '../support/http.ts'
import { aPatient } from '../support/people.ts'
import { wordsIn } from '../support/words.ts'

describe('a patient’s own data', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser()
	const words = wordsIn('en')
	const button = (page: Page, key: string) => page.getByRole('button', { name: words(key), exact: true })

	it('downloads as a file, and is erased after a question and the password, which signs out every page', async () => {
		const patient = await aPatient(node, { fullName: 'Ada To Be Forgotten' })
		const [page, tab] = [await browsing.visitor(phone), await browsing.visitor()]
		for (const each of [page, tab]) await signIn(each, node.url, patient.email, { password: patient.password, path: '/account' })

		const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'account.data.download').click()])
		expect(download.suggestedFilename()).to.match(/^my-data-\d{4}-\d\d-\d\d\.json$/)
		const personal = PersonalData.parse(JSON.parse(await readFile(await download.path(), 'utf8')))
		expect(personal.account).to.include({ email: patient.email, fullName: 'Ada To Be Forgotten' })

		await button(page, 'account.data.erase').click()
		const dialog = page.getByRole('dialog')
		await page.keyboard.press('Escape')
		await dialog.waitFor({ state: 'detached' })
		await button(page, 'account.data.erase').click()
		const password = dialog.getByLabel(words('account.password'), { exact: true })
		await password.fill('a guess')
		await button(page, 'account.data.eraseConfirm').click()
		await dialog.getByText(words('error.invalid_credentials')).waitFor()
		expect(browsing.complaints.splice(0).join(), 'the refusal, and nothing else').to.match(/401/)
		await password.fill(patient.password)
		await button(page, 'account.data.eraseConfirm').click()

		await page.getByRole('heading', { name: words('account.data.erased') }).waitFor()
		await tab.getByRole('button', { name: words('account.signIn') }).waitFor()
		await page.reload()
		await page
			.getByRole('link', { name: words('account.signIn') })
			.or(page.getByText(words('account.data.erasedText')))
			.first()
			.waitFor()
		const { email, password: known } = patient
		expect((await call(node, 'POST', '/auth/login', { body: { email, password: known } })).status).to.equal(401)
		expect(await node.db('patients').where({ id: patient.id }).first('full_name')).to.deep.equal({ full_name: 'Erased' })
	})

	for (const late of ['DELETE /me', 'GET /me', 'POST /auth/logout'])
		it(`is shown as erased, without a question to sign in, when the answer to ${late} is late`, async () => {
			const patient = await aPatient(node)
			const page = await browsing.visitor(phone)
			await signIn(page, node.url, patient.email, { password: patient.password, path: '/account' })
			await button(page, 'account.data.erase').click()
			await page.route('**/api/v1/**', async route => {
				const response = await route.fetch()
				const call = `${route.request().method()} ${new URL(route.request().url()).pathname.replace('/api/v1', '')}`
				// Longer than a page whose connection was closed waits before it opens another.
				if (call === late) await sleep(700)
				await route.fulfill({ response })
			})
			const visited: string[] = []
			page.on('framenavigated', frame => visited.push(new URL(frame.url()).pathname))
			await page.getByRole('dialog').getByLabel(words('account.password'), { exact: true }).fill(patient.password)
			await button(page, 'account.data.eraseConfirm').click()
			await page.getByRole('heading', { name: words('account.data.erased') }).waitFor()
			await page.waitForLoadState('networkidle')
			expect(visited).to.deep.equal(['/erased'])
			await page.unrouteAll({ behavior: 'ignoreErrors' })
		})
})
