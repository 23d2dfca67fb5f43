import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { commands } from '../../server/operations/run.ts'
import { aCommand } from './a-command.ts'

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')

describe('the commands', () => {
	for (const [name, { options }] of Object.entries(commands)) {
		it(`${name} is known to npm and to the documentation, and explains itself`, async () => {
			expect(scripts[name]).to.match(new RegExp(`main\\.js ${name}$`))
			expect(operations).to.include(`npm run ${name}`)
			const { code, output, errors } = await aCommand([name, '--help'], {})
			expect({ code, errors }).to.deep.equal({ code: 0, errors: '' })
			expect(output).to.include(`Usage: npm run ${name}`)
			for (const option of Object.keys(options)) expect(output).to.include(`--${option}`).and.not.include('undefined')
		})
	}

	it('are listed without a name, and for an unknown name', async () => {
		const listed = await aCommand([], {})
		expect(listed.code).to.equal(0)
		for (const name of Object.keys(commands)) expect(listed.output).to.include(name)
		expect(await aCommand(['bakcup'], {})).to.deep.equal({ ...listed, code: 1 })
	})

	it('report invalid arguments in one line', async () => {
		const complaint = async (args: string[], settings: Record<string, string> = {}) => {
			const { code, output, errors } = await aCommand(args, settings)
			expect({ code, output }).to.deep.equal({ code: 1, output: '' })
			return errors
		}
		expect(await complaint(['backup', '--fast'])).to.match(/^Unknown option '--fast'.*\n$/)
		expect(await complaint(['restore'])).to.equal('FILE is missing\n')
		expect(await complaint(['restore', 'a', 'b'])).to.equal('There is no use for "b"\n')
		expect(await complaint(['archive', '--days', 'x'])).to.equal('--days must be a whole number from 1 to 36500\n')
		expect(await complaint(['check:database'], { DATABASE_URL: 'mysql://x' })).to.match(/^DATABASE_URL must be .*\n$/)
		expect(await complaint(['check:database'], { DATABASE_URL: 'postgres://127.0.0.1:1/x' })).to.match(/^connect ECONNREFUSED .*\n$/)
	})
})
