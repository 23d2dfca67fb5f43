import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Ignore } from '@balena/dockerignore'

// The library's types declare a default export that it does not have.
const dockerignore = createRequire(import.meta.url)('@balena/dockerignore') as () => Ignore

/** Directories that are never sent, and too large to list. */
const neverSent = ['.git', 'node_modules', 'dist', '.data']

const filesBelow = (root: string, directory = ''): string[] =>
	readdirSync(path.join(root, directory), { withFileTypes: true }).flatMap(entry => {
		const name = path.join(directory, entry.name)
		if (neverSent.includes(name)) return []
		return entry.isDirectory() ? filesBelow(root, name) : [name]
	})

/** The files of the build context, according to .dockerignore. */
export const contextOf = (root: string): string[] => {
	const ignore = dockerignore().add(readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n'))
	return ignore.filter(filesBelow(root))
}

/** The directory of a stage's files on this machine, and the working directory within it. */
export type Place = { root: string; workdir: string }

const inside = ({ root, workdir }: Place, target: string) => path.join(root, path.resolve(workdir, target))

/** `COPY` from the build context. Copies the contents of a directory, as Docker does. */
export const copyFromContext = (
	from: string,
	context: readonly string[],
	sources: readonly string[],
	target: string,
	place: Place,
): void => {
	const destination = inside(place, target)
	for (const source of sources) {
		const directory = path.normalize(`${source}/`)
		const files = context.filter(file => source === '.' || file === source || file.startsWith(directory))
		if (files.length === 0) throw new Error(`COPY ${source}: the build context has no such file; see .dockerignore`)
		for (const file of files) {
			const relative = file === source ? path.basename(file) : path.relative(source, file)
			const whole = file === source && sources.length === 1 && !target.endsWith('/')
			const to = whole ? destination : path.join(destination, relative)
			mkdirSync(path.dirname(to), { recursive: true })
			cpSync(path.join(from, file), to)
		}
	}
}

/** `COPY --from` another stage. */
export const copyFromStage = (from: Place, sources: readonly string[], target: string, place: Place): void => {
	for (const source of sources) {
		const file = path.join(from.root, source)
		if (!existsSync(file)) throw new Error(`COPY --from: the stage has no ${source}`)
		const destination = inside(place, target)
		const to = lstatSync(file).isDirectory() || !target.endsWith('/') ? destination : path.join(destination, path.basename(source))
		cpSync(file, to, { recursive: true, verbatimSymlinks: true })
	}
}
