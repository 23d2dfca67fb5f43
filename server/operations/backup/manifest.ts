import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { z } from 'zod'

/** The last entry of an archive: what must be in it, so that half an archive is known for one. */
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

/** Lets bytes through and knows their SHA-256 in the end. */
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
