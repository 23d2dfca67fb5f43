import { execFile } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { aProcess, processesOn } from '../platform/a-process.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

describe('a command on the embedded PostgreSQL', function () {
	this.timeout(120_000)
	let directory = ''
	before(() => {
		directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'liveslot-command-')))
	})
	after(() => rmSync(directory, { recursive: true, force: true }))

	const command = (...args: string[]) =>
		run(process.execPath, ['dist/server/operations/main.js', ...args], {
			cwd: root,
			env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: directory, ADMIN_PASSWORD: 'correct horse battery' },
		})
	const admin = (email: string, ...options: string[]) => command('admin:create', '--email', email, '--name', 'Ada', ...options)

	it('starts it where no node runs, and stops it again; uses it where one does, and leaves it running', async () => {
		expect((await admin('first@clinic.example')).stdout).to.equal('first@clinic.example is an admin now\n')
		expect(processesOn(directory)).to.deep.equal([])

		const node = aProcess({ DATA_DIR: directory })
		const url = await node.url
		expect((await admin('second@clinic.example', '--another')).stdout).to.equal('second@clinic.example is an admin now\n')
		const signIn = (email: string) =>
			fetch(`${url}/api/v1/auth/login`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ email, password: 'correct horse battery' }),
			})
		for (const email of ['first@clinic.example', 'second@clinic.example']) expect((await signIn(email)).status).to.equal(200)
		node.child.kill('SIGTERM')
		expect((await node.exit).code).to.equal(0)
		expect((await command('check:database')).stdout).to.equal('The database is consistent\n')
		expect(processesOn(directory)).to.deep.equal([])
	})
})
