import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './postgres.ts'
import { isRunning, parentOf } from './process.ts'

/** Returns the embedded PostgreSQL of a running node, or starts one until `stop`. */
export async function reachEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
	const url = findRunning(dataDir)
	return url ? { url, stop: async () => {} } : await startEmbeddedPostgres(dataDir)
}

/** Returns the address of the PostgreSQL that a node runs on this directory; undefined when no living node owns one. */
function findRunning(dataDir: string): string | undefined {
	const directory = path.join(dataDir, 'postgres')
	// The lines of postmaster.pid are the process, the directory, the time of start, and the port.
	const [pid = '', , , port = ''] = read(directory, 'data', 'postmaster.pid').split('\n')
	if (!port || !isRunning(Number(pid)) || parentOf(Number(pid)) !== Number(read(directory, 'started-by'))) return undefined
	return `postgres://liveslot:${read(directory, 'password').trim()}@127.0.0.1:${port}/liveslot`
}

function read(...parts: string[]): string {
	try {
		return readFileSync(path.join(...parts), 'utf8')
	} catch {
		return ''
	}
}
