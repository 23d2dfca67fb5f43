import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../client/i18n/', import.meta.url))

type Texts = { [key: string]: string | Texts }

const read = (language: string): Texts => {
	const texts: Texts = {}
	for (const file of readdirSync(path.join(root, language))) {
		const { name } = path.parse(file)
		const found = JSON.parse(readFileSync(path.join(root, language, file), 'utf8')) as Texts
		if (name === 'shell') Object.assign(texts, found)
		else texts[name] = found
	}
	return texts
}

/** The pages' texts in a language, by key: `words('visits.move')`. */
export const wordsIn = (language: string) => {
	const texts = read(language)
	return (key: string, values: Record<string, string> = {}): string => {
		const found = key.split('.').reduce<string | Texts | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), texts)
		if (typeof found !== 'string') throw new Error(`there is no text ${key} in ${language}`)
		return found.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '')
	}
}

export type Words = ReturnType<typeof wordsIn>

/** The first part of every key, such as `booking`. A text that begins with it and a full stop was not translated. */
export const keyRoots = (): string[] => Object.keys(read('en'))
