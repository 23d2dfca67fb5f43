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
	const choosing = async (page: Page) => {
		await text('booking.moveNotice')(page)
		await firstFree(page).waitFor()
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
		{ name: 'sign in', as: undefined, path: '/sign-in', ready: label('account.email') },
		{ name: 'register', as: undefined, path: '/register', ready: label('account.fullName') },
		{ name: 'forgotten password', as: undefined, path: '/forgot-password', ready: text('account.forgotText') },
		{ name: 'new password', as: undefined, path: '/reset-password?token=x', ready: label('account.newPassword') },
		{ name: 'erased', as: undefined, path: '/erased', ready: text('account.data.erasedText') },
		{ name: 'no such page', as: undefined, path: '/nowhere', ready: text('app.notFound') },
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
		{ name: 'a doctor’s time off', as: 'reception', path: `/desk/doctors/${doctorId}/time-off`, ready: text('doctor.off.reason') },
		{ name: 'the doctor’s day', as: 'doctor', path: '/day', ready: testId('day-summary') },
		{ name: 'the doctor’s week', as: 'doctor', path: '/day?view=week', ready: testId('day-summary') },
		{ name: 'working hours', as: 'doctor', path: '/hours', ready: text('doctor.hours.preview') },
		{ name: 'users', as: 'admin', path: '/admin/users', ready: testId('user-row') },
		{ name: 'a doctor’s hours', as: 'admin', path: `/admin/users/${doctorId}/hours`, ready: text('doctor.hours.preview') },
		{ name: 'analytics', as: 'admin', path: '/admin/analytics', ready: testId('analytics-chart') },
		{ name: 'audit log', as: 'admin', path: '/admin/audit', ready: testId('audit-row') },
	]
}
