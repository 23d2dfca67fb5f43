import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { checkWords, findRetired, glossary, retiredWords } from '../../scripts/words.ts'
import { readDocument } from './fences.ts'

describe('the check of words', () => {
	const retired = retiredWords(readDocument(glossary))
	const [word, ...others] = retired.filter(each => !each.includes(' ')) as [string, ...string[]]
	const phrase = retired.find(each => each.includes(' ')) as string
	const found = (file: string, text: string) => findRetired(file, text, retired).map(finding => [finding.line, finding.word])

	it('takes its words from the glossary alone', () => {
		expect(retiredWords(`| hold | A claim | \`grab\`, reservation |\n| a \`kept\` word | | |\n\n\`oldie\`, \`worse\`.`)).to.deep.equal([
			'grab',
			'oldie',
			'worse',
		])
		expect(retired.length).to.be.above(20)
		expect(others).to.have.length.above(10)
	})

	it('finds every retired word, in capitals and with an ending too', () => {
		for (const each of retired) {
			expect(found('a.ts', `// we ${each} it`), each).to.have.length(1)
			expect(found('a.ts', `// ${each.toUpperCase()}`), each).to.have.length(1)
		}
		expect(findRetired('a.ts', '// Grabs, grabbing and grabbed; grabber is another word', ['grab', 'grabb'])).to.have.length(3)
		expect(findRetired('a.ts', '/** They hand\n\t * on what they have. */', ['hand on'])).to.have.length(1)
		expect(findRetired('a.ts', '// It takes up to 3 s, and takes up room', ['take up'])).to.have.length(1)
	})

	it('reads comments, test titles, log messages and names of code', () => {
		const capital = word[0]!.toUpperCase() + word.slice(1)
		const samples = [
			`const a = 1 // ${phrase}`,
			`/** What\n * ${word} does. */`.replace('\n', ' '),
			`it('is ${word}', () => {})`,
			`describe.skip(\`is ${word}\`, () => {})`,
			`log.warn({ err, text: 'x' }, 'is ${word}')`,
			`console.log('is ${word}')`,
			`const the${capital} = 1`,
			`const the_${word}_of = 1`,
		]
		for (const sample of samples) expect(found('a.ts', `\n${sample}\n`), sample).to.have.length(1)
		expect(found('a.ts', `const ok = /'/.test(x)\n\n// ${word}`)).to.deep.equal([[3, word]])
	})

	it('reads comments of SQL and Lua, and documents without their code', () => {
		expect(found('a.sql', `SELECT '${word}'\n-- ${word}`)).to.deep.equal([[2, word]])
		expect(found('a.lua', `-- ${word}`)).to.have.length(1)
		expect(found('a.md', `A\n${word}, \`${word}\`\n\`\`\`sh\n${word}\n\`\`\`\n`)).to.deep.equal([[2, word]])
	})

	it('passes over what the wire, the screen or a store is given, and files of other kinds', () => {
		expect(found('a.ts', `send('${word}')\nit('is right', () => expect(a).to.equal('${word}'))`)).to.deep.equal([])
		expect(found('a.json', word)).to.deep.equal([])
	})

	it('reads what git knows of or would take in, under the paths that it is given', () => {
		const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-words-'))
		try {
			execFileSync('git', ['init', '--quiet'], { cwd: directory })
			mkdirSync(path.join(directory, 'server'))
			for (const file of ['server/a.ts', 'server/ignored.ts', 'b.ts']) writeFileSync(path.join(directory, file), `// ${word}`)
			writeFileSync(path.join(directory, '.gitignore'), 'ignored.ts')
			expect(checkWords(['server'], directory).map(({ file }) => file)).to.deep.equal(['server/a.ts'])
		} finally {
			rmSync(directory, { recursive: true, force: true })
		}
	})
})
