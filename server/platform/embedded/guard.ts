import { spawn } from 'node:child_process'

/**
 * Starts a shell that signals `pid` when this process has ended in any way. The shell reads from a pipe that only this process holds
 * open, and `read` returns when the operating system closes the pipe. So even a `kill -9` leaves no server behind.
 *
 * @returns a function that ends the guard
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
