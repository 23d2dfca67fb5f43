import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

/** A small disk of its own under a directory, held in memory, that can be filled up. Mounting needs root. */
export function createDisk(directory: string, megabytes: number) {
	execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory])
	const filler = path.join(directory, 'filler')
	return {
		fill() {
			const file = openSync(filler, 'w')
			// First in large pieces, then to the last page.
			for (const bytes of [1 << 20, 4096]) {
				const piece = Buffer.alloc(bytes, 1)
				for (let isFull = false; !isFull; ) {
					try {
						writeSync(file, piece)
					} catch (error) {
						if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
						isFull = true
					}
				}
			}
			closeSync(file)
		},
		empty: () => rmSync(filler, { force: true }),
		remove: () => void execFileSync('umount', [directory]),
	}
}
