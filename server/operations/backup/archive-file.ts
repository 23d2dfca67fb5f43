import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Entry, openPromise } from 'yauzl'
import { z } from 'zod'
import { CommandError } from '../command.ts'

/** The last entry of an archive. Lists what the archive must contain, so that an incomplete archive is recognised. */
export const Manifest = z.object({
	format: z.literal(1),
	madeAt: z.iso.datetime(),
	/** The version of the schema: the names of its migrations. */
	migrations: z.array(z.string()).min(1),
	tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()).min(1), rows: z.number().int(), sha256: z.string() })),
	sequences: z.array(z.object({ name: z.string(), lastValue: z.string().nullable() })),
})

export type Manifest = z.infer<typeof Manifest>

export const manifestName = 'manifest.json'
export const entryOf = ({ name }: { name: string }): string => `tables/${name}.copy`

/** Passes bytes through, and computes their SHA-256. */
export function createDigest() {
	const hash = createHash('sha256')
	const stream = new Transform({
		transform(chunk, _encoding, done) {
			hash.update(chunk)
			done(null, chunk)
		},
	})
	return { stream, sha256: () => hash.digest('hex') }
}

export type ArchiveFile = {
	manifest: Manifest
	open(table: { name: string }): Promise<Readable>
	close(): void
}

/** Opens an archive that `backup` wrote. @throws CommandError when the file is another file, or incomplete */
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

/** Keeps the system's message about a file. Drops the parser's message about its bytes, which would show some of the contents. */
function whyNotWhole(file: string, error: NodeJS.ErrnoException): Error {
	if (error instanceof CommandError || error.syscall) return new CommandError(error.message)
	return new CommandError(`${file} is not a whole archive`)
}
