import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { call } from '../support/http.ts'
import { useNode } from '../support/node.ts'
import { aPatient } from '../support/people.ts'
import { aCommand, linesOf } from './a-command.ts'

const password = 'correct horse battery'

describe('admin:create', () => {
	const node = useNode()

	const create = (email: string, { input = '', settings = {}, options = [] as string[] } = {}) =>
		aCommand(
			['admin:create', '--email', email, '--name', 'Ada Admin', ...options],
			{ DATABASE_URL: node.databaseUrl, ...settings },
			{ input },
		)

	beforeEach(async () => {
		await node.db('users').where({ role: 'admin' }).update({ role: 'receptionist' })
	})

	it('creates an admin with the password from the input, who can sign in, and records it in the audit log', async () => {
		const { code, output } = await create('First@Clinic.example', { input: `${password}\n` })
		expect({ code, output }).to.deep.equal({ code: 0, output: 'first@clinic.example is an admin now\n' })
		const { status, body } = await call(node, 'POST', '/auth/login', { body: { email: 'first@clinic.example', password } })
		expect(status).to.equal(200)
		expect(body.user).to.include({ role: 'admin', status: 'active', fullName: 'Ada Admin' })
		const fact = await node.db('audit_log').where({ entity: 'user', entity_id: body.user.id, action: 'created' }).first()
		expect(fact).to.deep.include({ actor_id: null, details: { by: 'command line', role: 'admin' } })
	})

	it('reads the password from ADMIN_PASSWORD', async () => {
		expect((await create('env@clinic.example', { settings: { ADMIN_PASSWORD: password } })).code).to.equal(0)
	})

	it('asks twice at a terminal, and does not show the password', async () => {
		const typing = Object.assign(new PassThrough(), {
			isTTY: true,
			modes: [] as boolean[],
			setRawMode: (raw: boolean) => typing.modes.push(raw),
		})
		const ended = aCommand(
			['admin:create', '--email', 'typed@clinic.example', '--name', 'T'],
			{ DATABASE_URL: node.databaseUrl },
			{ typing: typing as never },
		)
		typing.write(`${password}x\u007f\r`)
		setTimeout(() => typing.write(`${password}\r`), 100)
		const { code, errors } = await ended
		expect(code).to.equal(0)
		expect(errors).to.equal('Password: \nThe same again: \n')
		expect(typing.modes).to.deep.equal([true, false, true, false])
		const { status } = await call(node, 'POST', '/auth/login', { body: { email: 'typed@clinic.example', password } })
		expect(status).to.equal(200)
	})

	it('refuses what registration refuses, with the reason', async () => {
		const registration = await call(node, 'POST', '/auth/register', { body: { email: 'x@y.example', password: 'short', fullName: 'X' } })
		const { code, errors } = await create('x@y.example', { input: 'short' })
		expect(code).to.equal(1)
		expect(errors).to.equal(`The password: ${registration.body.errors[0].message}\n`)
		expect((await create('not an address', { input: password })).errors).to.match(/^--email: /)
		expect((await create('nobody@clinic.example')).errors).to.match(/^The password: /)
	})

	it('refuses a taken address, and a second admin without --another', async () => {
		const { email } = await aPatient(node)
		expect(linesOf((await create(email, { input: password })).errors)).to.deep.equal(['There is an account with this e-mail address'])
		expect((await create('one@clinic.example', { input: password })).code).to.equal(0)
		const second = await create('two@clinic.example', { input: password })
		expect(second.code).to.equal(1)
		expect(second.errors).to.match(/^There is an admin already/)
		expect((await create('two@clinic.example', { input: password, options: ['--another'] })).code).to.equal(0)
	})
})
