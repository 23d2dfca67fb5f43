import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { readDeployFile } from '../../scripts/deploy/all.ts'
import { contextOf, copyFromContext, copyFromStage } from '../../scripts/image/context.ts'
import { readDockerfile } from '../../scripts/image/dockerfile.ts'

// `npm run image:check` builds and runs the whole image, which takes minutes.
describe('the build context of the image', () => {
	let directory: string
	beforeEach(() => {
		directory = mkdtempSync(path.join(tmpdir(), 'liveslot-context-'))
	})
	afterEach(() => rmSync(directory, { recursive: true, force: true }))

	const aFile = (file: string, text = file) => {
		mkdirSync(path.dirname(path.join(directory, file)), { recursive: true })
		writeFileSync(path.join(directory, file), text)
	}
	const copied = (file: string) => {
		const at = path.join(directory, 'stage', file)
		return existsSync(at) ? readFileSync(at, 'utf8') : undefined
	}
	const place = () => ({ root: path.join(directory, 'stage'), workdir: '/app' })

	it('has sources only: no secret, no test, no local build', () => {
		for (const file of ['.env', '.data/jwt-secret', 'test/a.test.ts', 'docs/a.md', 'node_modules/x/index.js', 'dist/old.js']) aFile(file)
		for (const file of ['server/main.ts', 'client/index.html', 'package.json', 'scripts/build.mjs', 'scripts/demo.ts']) aFile(file)
		aFile('.dockerignore', readDeployFile('.dockerignore'))
		expect(contextOf(directory).sort()).to.deep.equal(['client/index.html', 'package.json', 'scripts/build.mjs', 'server/main.ts'])
	})

	it('is copied as Docker copies it', () => {
		for (const file of ['a.json', 'b.json', 'server/main.ts', 'server/deep/er.ts']) aFile(file)
		const context = ['a.json', 'b.json', 'server/main.ts', 'server/deep/er.ts']
		copyFromContext(directory, context, ['a.json', 'b.json'], './', place())
		copyFromContext(directory, context, ['server'], 'code', place())
		copyFromContext(directory, context, ['a.json'], '/etc/renamed.json', place())
		expect([copied('app/a.json'), copied('app/b.json'), copied('etc/renamed.json')]).to.deep.equal(['a.json', 'b.json', 'a.json'])
		expect([copied('app/code/main.ts'), copied('app/code/deep/er.ts')]).to.deep.equal(['server/main.ts', 'server/deep/er.ts'])
		copyFromStage(place(), ['/app/code'], './again', place())
		expect(copied('app/again/deep/er.ts')).to.equal('server/deep/er.ts')
		expect(() => copyFromContext(directory, context, ['.env'], './', place())).to.throw('no such file')
	})

	it('is read from the Dockerfile in stages, with flags, joined lines and JSON', () => {
		const [build, last, ...others] = readDockerfile(
			'FROM node:24-slim AS build\nRUN one \\\n\t&& two\nFROM base:1\nCOPY --from=build /app/dist ./dist\nCMD ["/node", "a file.js"]\n',
		)
		expect(others).to.deep.equal([])
		expect(build).to.deep.include({ name: 'build', base: 'node:24-slim' })
		expect(build?.instructions[0]?.text.split(/\s+/)).to.deep.equal(['one', '&&', 'two'])
		expect(last?.name).to.equal('1')
		expect(last?.instructions[0]).to.deep.include({ flags: { from: 'build' }, words: ['/app/dist', './dist'] })
		expect(last?.instructions[1]?.words).to.deep.equal(['/node', 'a file.js'])
	})
})
