import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { anAdmin, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { waitFor } from '../support/wait.ts'
import { post, refusalOf, signInAs, useFrontDesk } from './front-desk.ts'

const password = 'chosen by its owner'

describe('an invitation', () => {
	const desk = useFrontDesk()
	let admin: Person
	before(async () => {
		admin = await anAdmin(desk)
	})

	const invite = (body: Record<string, unknown>, token = admin.token) =>
		post(desk, '/admin/invitations', { fullName: 'Dr. New', role: 'doctor', ...body }, { token })
	const mailedTo = async (email: string): Promise<string> => {
		await desk.identity.stop()
		const mail = desk.mails.findLast(each => each.email === email)
		expect(mail, `a mail to ${email}`).not.to.equal(undefined)
		return mail!.token
	}
	const setPassword = (token: string) => post(desk, '/auth/reset-password', { token, password })

	it('makes an account whose owner chooses the password', async () => {
		const email = 'first@example.com'
		const { status, body } = await invite({ email, specialty: 'Cardiology', timeZone: 'Europe/Berlin' })
		expect(status).to.equal(201)
		expect(body).to.deep.equal({ id: body.id, email, fullName: 'Dr. New', role: 'doctor', status: 'active' })
		expect(await desk.db('doctors').where({ id: body.id }).first()).to.include({ specialty: 'Cardiology', time_zone: 'Europe/Berlin' })
		const token = await mailedTo(email)
		expect(refusalOf(await signInAs(desk, { email, password }))).to.equal('401 invalid_credentials')
		expect((await setPassword(token)).status).to.equal(204)
		expect((await signInAs(desk, { email, password })).status).to.equal(200)
		expect(refusalOf(await setPassword(token)), 'once').to.equal('401 token_expired')
	})

	it('puts a doctor into the time zone of the clinic, unless it names another', async () => {
		await desk.db('clinic').update({ time_zone: 'Asia/Kolkata' })
		const { id } = (await invite({ email: 'zone@example.com' })).body
		expect(await desk.db('doctors').where({ id }).first()).to.include({ time_zone: 'Asia/Kolkata' })
		await desk.db('clinic').update({ time_zone: 'UTC' })
	})

	it('is good for seven days', async () => {
		const email = 'late@example.com'
		const { id } = (await invite({ email })).body
		const token = await mailedTo(email)
		const { rows } = await desk.db.raw(
			`SELECT extract(epoch FROM expires_at - created_at)::integer AS seconds FROM password_resets WHERE user_id = ?`,
			[id],
		)
		expect(rows).to.deep.equal([{ seconds: 7 * 86_400 }])
		await desk
			.db('password_resets')
			.where({ user_id: id })
			.update({ expires_at: desk.db.raw('now()') })
		expect(refusalOf(await setPassword(token))).to.equal('401 token_expired')
	})

	it('can be repeated until the password is set: the last link is the one that works', async () => {
		const email = 'again@example.com'
		const { id } = (await invite({ email })).body
		const before = await mailedTo(email)
		expect((await invite({ email })).body.id).to.equal(id)
		const after = await mailedTo(email)
		expect(refusalOf(await setPassword(before))).to.equal('401 token_expired')
		expect((await setPassword(after)).status).to.equal(204)
		expect(refusalOf(await invite({ email }))).to.equal('409 email_taken')
	})

	it('does not go to an address that is in use, nor changes what an account is', async () => {
		expect(refusalOf(await invite({ email: (await aPatient(desk)).email }))).to.equal('409 email_taken')
		await invite({ email: 'two-roles@example.com' })
		expect(refusalOf(await invite({ email: 'two-roles@example.com', role: 'admin' }))).to.equal('409 email_taken')
	})

	it('shows in the list of accounts until it is accepted', async () => {
		const email = 'waiting@example.com'
		await invite({ email, role: 'receptionist' })
		const listed = async () => (await call(desk, 'GET', `/admin/users?q=${email}`, { token: admin.token })).body.items[0].invited
		expect(await listed()).to.equal(true)
		await setPassword(await mailedTo(email))
		expect(await listed()).to.equal(undefined)
	})

	it('stands when the mail fails, to be repeated', async () => {
		desk.breakMail()
		expect((await invite({ email: 'broken@example.com' })).status).to.equal(201)
		await desk.identity.stop()
		expect((await invite({ email: 'broken@example.com' })).status).to.equal(201)
		await setPassword(await mailedTo('broken@example.com'))
	})

	it('is for admins to send, and on record without the address', async () => {
		const receptionist = await aReceptionist(desk)
		expect(refusalOf(await invite({ email: 'no@example.com' }, receptionist.token))).to.equal('403 forbidden')
		const { id } = (await invite({ email: 'recorded@example.com' })).body
		const entry = await desk.db('audit_log').where({ entity: 'user', entity_id: id }).first()
		expect(entry).to.include({ actor_id: admin.id, action: 'invited' })
		expect(entry.details).to.deep.equal({ role: 'doctor' })
	})
})

describe('the letter of an invitation', () => {
	const node = useNode()

	it('says which clinic invites, in its language, with a link that sets the password', async () => {
		const admin = await anAdmin(node)
		await call(node, 'PATCH', '/clinic', { token: admin.token, body: { name: 'Praxis am Park', locale: 'de-AT' } })
		const body = { email: 'invited@example.com', fullName: 'Dr. Neu', role: 'doctor' }
		expect((await call(node, 'POST', '/admin/invitations', { token: admin.token, body })).status).to.equal(201)
		type Mail = { to: string; subject: string; text: string }
		const letters = async (): Promise<Mail[]> => (await (await fetch(`${node.url}/dev/outbox.json`)).json()).items
		await waitFor(async () => (await letters()).length > 0, 'the letter')
		const [mail] = await letters()
		expect(mail?.subject).to.equal('Ihr Konto bei Praxis am Park')
		expect(mail?.text).to.include('Dr. Neu').and.include('sieben Tage')
		const [, token = ''] = /\/reset-password\?token=([\w-]+)/.exec(mail?.text ?? '') ?? []
		expect((await call(node, 'POST', '/auth/reset-password', { body: { token, password } })).status).to.equal(204)
	})
})
