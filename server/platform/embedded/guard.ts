import { spawn } from 'node:child_process'

/**
 * Leaves a shell behind that signals `pid` when this process is gone, however it ended: the shell reads from a pipe
 * that only this process holds open, and `read` returns when the operating system closes it. A `kill -9` thus
 * leaves no server behind.
 *
 * @returns a function that calls the guard off
 */
export function guardAgainstCrash(pid: number, signal: 'INT' | 'TERM'): () => void {
	const guard = spawn('/bin/sh', ['-c', 'read -r called_off || kill -s "$2" "$1"', 'guard', String(pid), signal], {
		stdio: ['pipe', 'ignore', 'ignore'],
		detached: true,
	})
	guard.on('error', () => {})
	guard.stdin.on('error', () => {})
	guard.unref()
	return () => guard.stdin.end('off\n')
}
