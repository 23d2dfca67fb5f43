import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Finding = { file: string; line: number; word: string; text: string }

const root = fileURLToPath(new URL('..', import.meta.url))
export const glossary = 'docs/glossary.md'
export const folders = ['server', 'client', 'contract', 'test', 'scripts', 'bench', 'docs', '*.md']

/** Findings in the files under the given paths that git tracks, or would add. */
export function checkWords(paths: readonly string[], directory = root): Finding[] {
	const retired = retiredWords(readFileSync(`${root}/${glossary}`, 'utf8'))
	const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...paths], {
		cwd: directory,
		encoding: 'utf8',
	})
	return [...new Set(listed.split('\n'))]
		.filter(file => file !== glossary && passagesOf(file) !== undefined && existsSync(`${directory}/${file}`))
		.flatMap(file => findRetired(file, readFileSync(`${directory}/${file}`, 'utf8'), retired))
}

/** Words in `code` in the last column of the glossary's tables, and in the sentence that retires words for people. */
export function retiredWords(text: string): string[] {
	const cells = text
		.split('\n')
		.flatMap(line => (line.startsWith('|') ? (line.split('|').at(-2) ?? []) : /^`[^|]*`\.$/.test(line) ? line : []))
	return [...new Set(cells.flatMap(cell => [...cell.matchAll(/`([a-z][a-z ]*)`/g)].map(([, word]) => word as string)))]
}

export function findRetired(file: string, text: string, retired: readonly string[]): Finding[] {
	const pattern = new RegExp(`\\b(${retired.map(withEndings).join('|')})\\b`, 'gi')
	return (passagesOf(file)?.(text) ?? []).flatMap(passage =>
		[...passage.text.matchAll(pattern)].map(match => ({
			file,
			line: passage.line + passage.text.slice(0, match.index).split('\n').length - 1,
			word: match[1] as string,
			text: passage.text
				.slice(Math.max(0, match.index - 40), match.index + 50)
				.replace(/\s+/g, ' ')
				.trim(),
		})),
	)
}

type Passage = { line: number; text: string }

/** The function that reads a file's passages; undefined for a file without words of ours. */
function passagesOf(file: string): ((text: string) => Passage[]) | undefined {
	if (/\.(ts|tsx|mjs|js)$/.test(file)) return passagesOfCode
	if (/\.(sql|lua)$/.test(file)) return text => passagesOfLines(text, /--\s?(.*)$/)
	if (/\.md$/.test(file)) return passagesOfDocument
	return undefined
}

const token =
	/\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=>(,:!&|?{};[\n]\s*|return\s+)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|[A-Za-z_$][\w$]*|=>|\S/g

/** Comments, names, and the strings that a test or a log shows. Other strings are the wire's, the screen's or the store's. */
function passagesOfCode(text: string): Passage[] {
	const passages: Passage[] = []
	const before: string[] = []
	let line = 1
	let read = 0
	/** The depth of parentheses within a call that shows its strings; 0 outside. */
	let depth = 0
	for (const match of text.matchAll(token)) {
		const [found] = match
		line += text.slice(read, match.index).split('\n').length - 1
		read = match.index
		if (/^\/[/*]/.test(found)) {
			passages.push({ line, text: found })
			continue
		}
		if (/^['"`]/.test(found) && depth > 0) passages.push({ line, text: found.slice(1, -1) })
		if (/^[A-Za-z_$]/.test(found)) passages.push({ line, text: wordsIn(found) })
		if (found === '(' && (depth > 0 || showsStrings(before))) depth++
		if (found === ')' && depth > 0) depth--
		// The strings in the body of a test or callback are not shown.
		if (found === '=>' || found === 'function') depth = 0
		before.push(found)
		if (before.length > 4) before.shift()
	}
	return passages
}

const wordsIn = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/_/g, ' ')

function showsStrings(before: readonly string[]) {
	return /(^|[^.\w] )(describe|it|context)( \. (skip|only))?$|\b(log|console) \. \w+$/.test(before.join(' '))
}

function passagesOfLines(text: string, comment: RegExp): Passage[] {
	return text
		.split('\n')
		.flatMap((line, index) => (comment.test(line) ? { line: index + 1, text: (comment.exec(line) as RegExpExecArray)[1] as string } : []))
}

/** The text of a document without its code. */
function passagesOfDocument(text: string): Passage[] {
	const blank = (code: string) => code.replace(/[^\n]/g, ' ')
	return [{ line: 1, text: text.replace(/^\s*```[\s\S]*?^\s*```/gm, blank).replace(/`[^`\n]*`/g, blank) }]
}

/** Allows endings of the first word, and line breaks of a comment within a phrase. Something may take "up to" an amount, though. */
function withEndings(word: string): string {
	const [first, ...others] = word.split(' ')
	return [`${first}(?:s|d|ed|ing)?`, ...others].join('[\\s*/-]+') + (others.at(-1) === 'up' ? '(?!\\s+to\\b)' : '')
}
