import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { violationsIn } from '../support/axe.ts'
import { phone, signIn, useBrowser } from '../support/browser.ts'
import { useDemoNode } from '../support/demo-node.ts'
import { isLong } from '../support/forms.ts'
import { aWrongCode, codeAt } from '../support/totp.ts'
import { wordsIn } from '../support/words.ts'

const password = 'demo-clinic-2026'
const words = wordsIn('en')
const button = (page: Page, key: string) => page.getByRole('button', { name: words(key), exact: true })

describe('a receptionist who guards her account', function () {
	this.timeout(120_000)
	const node = useDemoNode()
	const browsing = useBrowser()

	/** The first step, by the form. */
	const signInByForm = async (page: Page) => {
		await page.getByLabel(words('account.email')).fill('reception@clinic.example')
		await page.getByLabel(words('account.password'), { exact: true }).fill(password)
		await page.locator('main button[type=submit]').click()
		await page.getByText(words('account.secondStep')).waitFor()
	}
	const secondStep = async (page: Page, label: string, code: string) => {
		await page.getByLabel(words(label)).fill(code)
		await page.locator('main button[type=submit]').click()
	}

	it('sets a second factor up, signs in with a code of her phone and with a recovery code, and sees and ends sessions at once', async () => {
		const [own, other] = [await browsing.visitor(phone), await browsing.visitor()]
		const objections: string[] = []
		const look = async (page: Page) => objections.push(...(await violationsIn(page, 'dark')))

		await signIn(other, node.url, 'reception@clinic.example', { path: '/desk' })
		await other.getByTestId('desk-slot').first().waitFor()
		await signIn(own, node.url, 'reception@clinic.example', { path: '/account/security' })
		await button(own, 'security.factor.begin').click()
		await own.getByLabel(words('account.currentPassword')).fill(password)
		await button(own, 'security.factor.continue').click()
		const secret = (await own.getByTestId('secret').innerText()).replaceAll(' ', '')
		await own.getByRole('img', { name: words('security.factor.qr') }).waitFor()
		await look(own)
		await own.getByLabel(words('account.code')).fill(codeAt(secret, Date.now()))
		await button(own, 'security.factor.confirm').click()
		await own.getByTestId('recovery-code').first().waitFor()
		const codes = await own.getByTestId('recovery-code').allInnerTexts()
		expect(codes).to.have.length(10)
		await look(own)
		const [file] = await Promise.all([own.waitForEvent('download'), own.getByText(words('security.recovery.save')).click()])
		expect(file.suggestedFilename()).to.equal('liveslot-recovery-codes.txt')
		await button(own, 'security.recovery.done').click()
		await own.getByText(words('security.factor.codesLeft', { number: '10' })).waitFor()

		// The other browser was signed in with the password alone: its page says at once that it no longer is.
		await other.waitForURL(/sign-in/)
		await signInByForm(other)
		await look(other)
		await secondStep(other, 'account.code', aWrongCode(secret, Date.now()))
		await other.getByText(words('account.wrongCode')).waitFor()
		await secondStep(other, 'account.code', codeAt(secret, Date.now() + 30_000))
		await other.getByTestId('desk-slot').first().waitFor()

		await own.reload()
		const ending = own.getByRole('button', { name: new RegExp(`^${words('account.signOut')}: Chrom`) })
		await own.getByTestId('session').nth(1).waitFor()
		await ending.click()
		await other.waitForURL(/sign-in/)
		await own.getByText(words('security.sessions.ended')).waitFor()
		expect(await own.getByTestId('session').count()).to.equal(1)

		await signInByForm(other)
		await button(other, 'account.useRecoveryCode').click()
		await secondStep(other, 'account.recoveryCode', codes[0] as string)
		await other.getByTestId('desk-slot').first().waitFor()
		expect(objections).to.deep.equal([])
	})
})

// What the server lets through is tested beside the server each time; this is the way there.
const inLongRuns = isLong ? describe : describe.skip

inLongRuns('where the clinic asks for a second factor', function () {
	this.timeout(120_000)
	const node = useDemoNode({ SECOND_FACTOR: 'required' })
	const browsing = useBrowser()

	it('a receptionist is led to set it up, and can work then', async () => {
		const page = await browsing.visitor()
		await signIn(page, node.url, 'admin@clinic.example', { path: '/admin/users' })
		await page.getByText(words('security.factor.needed')).waitFor()
		await button(page, 'security.factor.begin').click()
		await page.getByLabel(words('account.currentPassword')).fill(password)
		await button(page, 'security.factor.continue').click()
		const secret = (await page.getByTestId('secret').innerText()).replaceAll(' ', '')
		await page.getByLabel(words('account.code')).fill(codeAt(secret, Date.now()))
		await button(page, 'security.factor.confirm').click()
		await button(page, 'security.recovery.done').click()
		await page.getByRole('link', { name: words('nav.users') }).click()
		await page.getByTestId('user-row').first().waitFor()
	})
})
