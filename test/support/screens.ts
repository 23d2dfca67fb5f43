/// <reference lib="dom" />
import type { Page } from 'playwright-core'
import type { TestNode } from './node.ts'
import type { Words } from './words.ts'

const dateAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

/** The viewers of a screen: a visitor without a session, and the demo accounts. */
export const viewers = [undefined, 'patient', 'reception', 'doctor', 'admin'] as const
export type Viewer = (typeof viewers)[number]

export type ScreenUnderTest = { name: string; as: Viewer; path: string; ready: (page: Page) => Promise<unknown> }

const firstFree = (page: Page) => page.locator('[data-testid="slot"][data-state="free"]').first()

/** The ids in the paths of the screens. */
const subjects = async ({ db }: TestNode) => {
	const doctor = await db('users').where({ email: 'doctor@clinic.example' }).first('id')
	const visit = await db('appointments')
		.join('patients', 'patients.id', 'appointments.patient_id')
		.where({ 'patients.email': 'patient@clinic.example', 'appointments.status': 'booked', 'appointments.doctor_id': doctor.id })
		.first('appointments.id')
	return { doctorId: String(doctor.id), visitId: String(visit.id) }
}

/** Every screen of the client, named in the reader's language. */
export const allScreens = async (node: TestNode, words: Words): Promise<ScreenUnderTest[]> => {
	const { doctorId, visitId } = await subjects(node)
	const week = `/doctors/${doctorId}?date=${dateAhead(7)}`
	const label = (key: string) => (page: Page) => page.getByLabel(words(key)).first().waitFor()
	const text = (key: string) => (page: Page) => page.getByText(words(key)).first().waitFor()
	const testId = (id: string) => (page: Page) => page.getByTestId(id).first().waitFor()
	const doctorNamed = (page: Page) => page.getByText('Dr. Anna Lindner').first().waitFor()
	/** A page of the settings without outlines of what is on its way. */
	const settled = async (page: Page) => {
		await page.locator('main nav').first().waitFor()
		await page.waitForFunction(() => !document.querySelector('[class*="Skeleton-root"]'))
	}
	const choosing = async (page: Page) => {
		await text('booking.moveNotice')(page)
		await firstFree(page).waitFor()
	}
	const yearShown = (page: Page) => page.locator('[data-testid="year"][aria-busy="false"]').waitFor()
	const hoursShown = async (page: Page) => {
		await testId('plan')(page)
		await yearShown(page)
	}
	return [
		{ name: 'find a doctor', as: undefined, path: '/', ready: doctorNamed },
		{ name: 'a doctor’s week', as: undefined, path: week, ready: page => firstFree(page).waitFor() },
		{
			name: 'signing in for a time',
			as: undefined,
			path: week,
			ready: async page => {
				await firstFree(page).click()
				await page.getByRole('dialog').getByLabel(words('account.email')).waitFor()
			},
		},
		{ name: 'the clinic', as: undefined, path: '/clinic', ready: text('faces.map') },
		{ name: 'sign in', as: undefined, path: '/sign-in', ready: label('account.email') },
		{ name: 'register', as: undefined, path: '/register', ready: label('account.fullName') },
		{ name: 'forgotten password', as: undefined, path: '/forgot-password', ready: text('account.forgotText') },
		{ name: 'new password', as: undefined, path: '/reset-password?token=x', ready: label('account.newPassword') },
		{ name: 'erased', as: undefined, path: '/erased', ready: text('account.data.erasedText') },
		{ name: 'the first admin’s account', as: undefined, path: '/first-admin?token=x', ready: label('account.fullName') },
		{ name: 'no such page', as: undefined, path: '/nowhere', ready: text('app.notFound') },
		{ name: 'a wall screen to pair', as: undefined, path: '/wall', ready: testId('pairing-code') },
		{ name: 'a kiosk to pair', as: undefined, path: '/kiosk', ready: testId('pairing-code') },
		{ name: 'checking in at the door', as: undefined, path: '/check-in?site=1', ready: text('waiting.line.noLink') },
		{ name: 'my appointments', as: 'patient', path: '/visits', ready: doctorNamed },
		{ name: 'no such appointment', as: 'patient', path: '/visits?reschedule=987654321', ready: text('visits.cannotMove.unknownText') },
		{ name: 'moving a visit', as: 'patient', path: `${week}&move=${visitId}`, ready: choosing },
		{ name: 'moving to another doctor', as: 'patient', path: `/?move=${visitId}`, ready: text('booking.moveNotice') },
		{
			name: 'confirming',
			as: 'patient',
			path: week,
			ready: async page => {
				await firstFree(page).click()
				await testId('countdown')(page)
			},
		},
		{ name: 'account', as: 'patient', path: '/account', ready: label('account.fullName') },
		{
			name: 'erasing one’s account',
			as: 'patient',
			path: '/account',
			ready: async page => {
				await page.getByRole('button', { name: words('account.data.erase'), exact: true }).click()
				await page.getByRole('dialog').getByLabel(words('account.password'), { exact: true }).waitFor()
			},
		},
		{ name: 'security', as: 'patient', path: '/account/security', ready: testId('session') },
		{ name: 'the call list', as: 'reception', path: '/desk/recalls', ready: text('board.recalls.title') },
		{ name: 'not for this role', as: 'patient', path: '/desk', ready: text('account.notForYou') },
		{ name: 'the desk', as: 'reception', path: '/desk', ready: testId('desk-slot') },
		{ name: 'a day to print', as: 'reception', path: '/desk/sheet', ready: text('history.sheet.back') },
		{
			name: 'a message to a list',
			as: 'reception',
			path: `/desk/sheet?date=${dateAhead(1)}`,
			ready: async page => {
				await page.getByRole('button', { name: words('history.write.open') }).click()
				await testId('list-message')(page)
			},
		},
		{
			name: 'vanished visits',
			as: 'reception',
			path: '/desk',
			ready: async page => {
				await testId('desk-slot')(page)
				await page.getByTestId('vanished-toggle').click()
				await testId('vanished')(page)
			},
		},
		{
			name: 'the history of a time',
			as: 'reception',
			path: '/desk',
			ready: async page => {
				await testId('desk-slot')(page)
				await page.getByTestId('desk-slot').first().focus()
				await page.keyboard.press('h')
				await testId('slot-history')(page)
			},
		},
		{ name: 'a doctor’s time off', as: 'reception', path: `/desk/doctors/${doctorId}/time-off`, ready: text('doctor.off.reason') },
		{ name: 'the doctor’s day', as: 'doctor', path: '/day', ready: testId('day-summary') },
		{ name: 'the doctor’s week', as: 'doctor', path: '/day?view=week', ready: testId('day-summary') },
		{ name: 'working hours', as: 'doctor', path: '/hours', ready: hoursShown },
		{
			name: 'other weekly hours',
			as: 'doctor',
			path: '/hours',
			ready: async page => {
				await hoursShown(page)
				await page
					.getByRole('button', { name: words('hours.plans.change') })
					.first()
					.click()
				await page.getByTestId('plan-form').locator('button[type=submit]').click()
				await testId('hours-preview')(page)
			},
		},
		{
			name: 'a single day’s hours',
			as: 'doctor',
			path: '/hours',
			ready: async page => {
				await yearShown(page)
				await page.locator('[data-date][tabindex="0"]').click()
				await page
					.getByTestId('day-panel')
					.getByRole('button', { name: words('hours.day.different') })
					.click()
				await page.getByTestId('day-panel').getByRole('group').waitFor()
			},
		},
		...['clinic', 'sites', 'types', 'doctors', 'hours', 'reception', 'closures'].map(page => ({
			name: `settings: ${page}`,
			as: 'admin' as const,
			path: `/admin/settings/${page}`,
			ready: settled,
		})),
		{
			name: 'a kind of appointment',
			as: 'admin',
			path: '/admin/settings/types',
			ready: async page => {
				await page.getByTestId('type').first().getByRole('button').first().click()
				await label('setup.types.minutes')(page)
			},
		},
		{
			name: 'a site',
			as: 'admin',
			path: '/admin/settings/sites',
			ready: async page => {
				await page.getByTestId('site').first().getByRole('button').first().click()
				await label('setup.sites.directions')(page)
			},
		},
		{
			name: 'a doctor’s profile',
			as: 'admin',
			path: '/admin/settings/doctors',
			ready: async page => {
				await page.getByTestId('colleague').first().getByRole('button').first().click()
				await page
					.getByRole('dialog')
					.getByRole('button', { name: words('app.save') })
					.waitFor()
			},
		},
		{ name: 'the first run', as: 'admin', path: '/admin/setup', ready: settled },
		{ name: 'the first run’s templates', as: 'admin', path: '/admin/setup?step=types', ready: testId('type') },
		{ name: 'the test booking', as: 'admin', path: '/admin/setup?step=booking', ready: text('setup.booking.done') },
		{ name: 'users', as: 'admin', path: '/admin/users', ready: testId('user-row') },
		{ name: 'a doctor’s hours', as: 'admin', path: `/admin/users/${doctorId}/hours`, ready: hoursShown },
		{ name: 'analytics', as: 'admin', path: '/admin/analytics', ready: testId('analytics-chart') },
		{ name: 'screens', as: 'admin', path: '/admin/screens', ready: testId('add-screen') },
		{ name: 'doors', as: 'admin', path: '/admin/connections', ready: testId('embed-origins') },
		{ name: 'audit log', as: 'admin', path: '/admin/audit', ready: testId('audit-row') },
	]
}
