import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { demoTemplate } from '../support/demo-node.ts'
import { isLong } from '../support/forms.ts'
import { freshStores } from '../support/servers.ts'
import { commandsOf, documents, type Fence, fencesOf, readDocument, root } from './fences.ts'
import { makeScratch, type Scratch } from './scratch.ts'

/** `sh` fences are run here. `sh elsewhere` needs an engine, an account or another machine. */
const commandTags = ['sh', 'sh elsewhere']
const otherTags = ['text', 'json', 'nginx', 'csv', 'yaml', 'ts', 'promql', 'sql']

const looksLikeCommand = /^\s*([A-Z_]+=\S* )*(npm|npx|node|docker|fly|curl|git|psql|redis-cli|for|export) /m

/** CI runs these, and this test with them: .ci/run has both. */
const runByCi = ['npm ci', 'npm test']

/** Commands that run until a signal stops them. */
const servers = ['npm start', 'npm run dev']

/** Commands that take minutes, and a shorter one for the long form; null when the long form skips them too. */
const minutes: [beginning: string, less: string | null][] = [
	['npm run test:long', null],
	['npm run budgets', null],
	['npm run topology', "npm run topology -- --grep 'lets go of a time'"],
	['npm run chaos', null],
	['npm run bench', 'npm run bench -- snapshot --short --rounds 1'],
	['npm run image:check', 'npm run image:check'],
	['npm run reminder-minute', null],
	['npm run screenshots', 'npm run screenshots -- sign-in'],
	['npm run check', 'npm run check'],
	['npm run lint:deploy', 'npm run lint:deploy'],
	['npx mocha', 'npx mocha --no-parallel test/client/merge.test.ts'],
	['npm run dev', 'npm run dev'],
]

const fences = documents().flatMap(fencesOf)
const tagged = (tag: string) => fences.filter(fence => fence.tag === tag)
const distinct = (tag: string) => [...new Set(tagged(tag).flatMap(commandsOf))]

describe('the commands in the documents', function () {
	this.timeout(isLong ? 900_000 : 150_000)
	let scratch: Scratch
	let stores: Awaited<ReturnType<typeof freshStores>>
	before(async () => {
		stores = await freshStores(await demoTemplate())
		// starting.test.ts tests the embedded servers; here only the long form starts them.
		scratch = await makeScratch(isLong ? {} : { DATABASE_URL: stores.databaseUrl, REDIS_URL: stores.redisUrl })
	})
	after(async () => {
		await scratch.stopServing()
		scratch.remove()
		await stores.drop()
	})

	it('are in fences tagged as commands', () => {
		const isUntold = ({ tag, text }: Fence) => (tag === '' ? looksLikeCommand.test(text) : ![...commandTags, ...otherTags].includes(tag))
		expect(
			fences.filter(isUntold).map(({ file, line, tag }) => `${file}:${line} is tagged “${tag}”`),
			`commands are tagged ${commandTags.join(' or ')}, all else ${otherTags.join(', ')}`,
		).to.deep.equal([])
	})

	it('are well-formed, and name scripts and files that exist', () => {
		const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> }
		for (const { file, line, text } of commandTags.flatMap(tagged)) {
			execFileSync('bash', ['-n', '-c', text])
			for (const [, name] of text.matchAll(/(?<![\w/])((?:test|scripts|deploy|docs)\/[\w./-]+\.\w+)/g)) {
				expect(existsSync(path.join(root, name as string)), `${file}:${line}: ${name}`).to.equal(true)
			}
		}
		// Also outside of fences.
		for (const file of documents()) {
			for (const [, script] of readDocument(file).matchAll(/\bnpm run ([\w:-]+)/g)) {
				expect(scripts, `${file}: npm run ${script}`).to.have.property(script as string)
			}
		}
	})

	it('include those that CI begins with', () => {
		expect(readFileSync(path.join(root, '.ci', 'run'), 'utf8')).to.include(runByCi.join(' && '))
		expect(distinct('sh')).to.include.members([...runByCi, 'npm start'])
	})

	it('succeed', async () => {
		const lengthy = (command: string) => minutes.find(([beginning]) => command.replace(/^(\w+=\S+ )+/, '').startsWith(beginning))
		const [serve, ...rest] = [
			...servers.slice(0, 1),
			...distinct('sh').filter(command => !runByCi.includes(command) && !servers.includes(command)),
		]
		await scratch.serve(serve as string)
		for (const command of rest.filter(each => !lengthy(each))) await scratch.run(command, 60_000)
		await scratch.stopServing()

		const secrets = readFileSync(path.join(scratch.directory, '.env'), 'utf8').trim().split('\n')
		expect(secrets.map(line => line.split('=')[0])).to.deep.equal(['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'MONGO_PASSWORD', 'JWT_SECRET'])
		expect(new Set(secrets.map(line => line.split('=')[1])).size).to.equal(4)
	})

	if (isLong) {
		it('succeed in a shorter form where they take minutes', async () => {
			for (const [, less] of minutes) {
				if (less && servers.includes(less)) {
					await scratch.serve(less)
					await scratch.stopServing()
				} else if (less) await scratch.run(less, 600_000)
			}
		})
	}
})

describe('the documents', () => {
	const exists = (from: string, target: string) => existsSync(path.join(root, path.dirname(from), target))

	it('link only to files that exist', () => {
		for (const file of documents()) {
			for (const [, target] of readDocument(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
				if (!/^[a-z]+:/.test(target as string)) expect(exists(file, target as string), `${file}: ${target}`).to.equal(true)
			}
		}
	})

	it('are all in the index, and the README has pictures and fewer than 200 lines', () => {
		const index = readDocument('docs/README.md')
		for (const file of documents().filter(each => each.startsWith('docs/') && each !== 'docs/README.md')) {
			const inIndex = index.includes(`(${path.relative('docs', file)})`) || file.startsWith('docs/decisions/')
			expect(inIndex, `docs/README.md: ${file}`).to.equal(true)
		}
		const readme = readDocument('README.md')
		expect(readme.split('\n').length).to.be.below(200)
		const pictures = [...readme.matchAll(/<img src="([^"]+)"/g)].map(([, picture]) => picture as string)
		expect(pictures).to.have.length.above(2)
		for (const picture of pictures) expect(exists('README.md', picture), picture).to.equal(true)
	})
})
