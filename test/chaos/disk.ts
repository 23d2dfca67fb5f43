import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

/** Mounts a small disk in memory at a directory, which a fault can fill. Needs root. */
export function createDisk(directory: string, megabytes: number) {
	execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory])
	const filler = path.join(directory, 'filler')
	return {
		fill() {
			const file = openSync(filler, 'w')
			// Large pieces first, then single pages until the disk is full.
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
