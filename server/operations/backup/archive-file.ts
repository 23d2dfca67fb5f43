import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Entry, openPromise } from 'yauzl'
import { CommandError } from '../command.ts'
import { entryOf, Manifest, manifestName } from './manifest.ts'

export type ArchiveFile = {
	manifest: Manifest
	open(table: { name: string }): Promise<Readable>
	close(): void
}

/** Opens what `backup` wrote. @throws CommandError when it is something else, or not all of it */
export async function openArchive(file: string): Promise<ArchiveFile> {
	const zip = await openPromise(file, { autoClose: false }).catch(error => {
		throw whyNotWhole(file, error)
	})
	try {
		const entries = new Map<string, Entry>()
		for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
		const read = async (name: string) => {
			const entry = entries.get(name)
			if (!entry) throw new CommandError(`${file} is not a whole archive: ${name} is missing`)
			return await zip.openReadStreamPromise(entry)
		}
		const manifest = Manifest.safeParse(JSON.parse(await text(await read(manifestName))))
		if (!manifest.success) throw new CommandError(`${file} was made by another version of this program`)
		return { manifest: manifest.data, open: table => read(entryOf(table)), close: () => zip.close() }
	} catch (error) {
		zip.close()
		throw whyNotWhole(file, error as Error)
	}
}

/** What the system says of a file is kept; what is said of its bytes would show some of them. */
function whyNotWhole(file: string, error: NodeJS.ErrnoException): Error {
	if (error instanceof CommandError || error.syscall) return new CommandError(error.message)
	return new CommandError(`${file} is not a whole archive`)
}
