import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every document of the repository. */
export function documents(): string[] {
	return [
		...readdirSync(root).filter(name => name.endsWith('.md')),
		...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
			.filter(name => name.endsWith('.md'))
			.map(name => path.join('docs', name)),
	]
}

/** A fenced block; `tag` follows the opening fence. */
export type Fence = { file: string; line: number; tag: string; text: string }

export function fencesOf(file: string): Fence[] {
	const fences: Fence[] = []
	let open: Fence | undefined
	for (const [index, line] of readDocument(file).split('\n').entries()) {
		const mark = /^\s*```\s*(.*)$/.exec(line)
		if (mark && open) open = undefined
		else if (mark) {
			open = { file, line: index + 1, tag: (mark[1] as string).trim(), text: '' }
			fences.push(open)
		} else if (open) open.text += `${line}\n`
	}
	return fences
}

/** One command a line, without comments. Joins lines that end with a backslash. */
export function commandsOf({ text }: Pick<Fence, 'text'>): string[] {
	return text
		.replace(/\\\n\s*/g, ' ')
		.split('\n')
		.map(line => line.replace(/(^|\s)#\s.*$/, '').trim())
		.filter(Boolean)
}

export const readDocument = (file: string): string => readFileSync(path.join(root, file), 'utf8')
