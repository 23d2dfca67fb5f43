import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { createDatabase } from '../../server/platform/database/database.ts'
import { startEmbeddedPostgres } from '../../server/platform/embedded/postgres.ts'
import { processesOn } from '../platform/a-process.ts'
import { aCommand } from './a-command.ts'

describe('a command on the embedded PostgreSQL', function () {
	this.timeout(120_000)
	let directory = ''
	before(() => {
		directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'liveslot-command-')))
	})
	after(() => rmSync(directory, { recursive: true, force: true }))

	const admin = (email: string, ...options: string[]) =>
		aCommand(['admin:create', '--email', email, '--name', 'Ada', ...options], {
			DATA_DIR: directory,
			ADMIN_PASSWORD: 'correct horse battery',
		})

	it('uses a running one and leaves it running, or starts one and stops it again', async () => {
		const running = await startEmbeddedPostgres(directory)
		try {
			expect(await admin('first@clinic.example')).to.include({ code: 0, output: 'first@clinic.example is an admin now\n' })
			const db = createDatabase({ url: running.url, poolSize: 1 })
			expect(await db('users').pluck('email')).to.deep.equal(['first@clinic.example'])
			await db.destroy()
		} finally {
			await running.stop()
		}
		expect(processesOn(directory)).to.deep.equal([])

		expect((await admin('second@clinic.example')).errors).to.match(/^There is an admin already/)
		expect(processesOn(directory)).to.deep.equal([])
	})
})
