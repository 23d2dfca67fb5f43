import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** A setting or a machine prevents an embedded server from starting. The message is one line that says what to do. */
export class EmbeddedServerError extends Error {}

/** @throws EmbeddedServerError when something else has this name, or without permission */
export function makePrivateDirectory(directory: string): void {
	try {
		mkdirSync(directory, { recursive: true, mode: 0o700 })
	} catch {
		throw new EmbeddedServerError(`DATA_DIR must be a directory that can be written to: ${directory} cannot be made`)
	}
}

/** Returns a port that is free now. Another program may take it first, so the caller must be ready to ask again. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer()
		server.once('error', reject)
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address() as { port: number }
			server.close(() => resolve(port))
		})
	})
}

export type LeftOver = { pid: number; startedBy: number; name: string; signal: 'SIGINT' | 'SIGTERM' }

/**
 * Ends a server that an earlier run left behind, which is a server without the process that started it. A server with that process
 * serves another instance on the same directory and must keep running.
 *
 * @throws EmbeddedServerError when the directory is in use
 */
export async function stopLeftOver({ pid, startedBy, name, signal }: LeftOver): Promise<void> {
	if (!isRunning(pid)) return
	if (parentOf(pid) === startedBy)
		throw new EmbeddedServerError(`DATA_DIR is in use by another instance (process ${startedBy}): stop it, or choose another directory`)
	process.kill(pid, signal)
	await waitForExit(pid, 20_000, `A ${name} left behind by an earlier run`)
}

/** Waits for the child to exit, and keeps this process alive meanwhile, even for an unreferenced child. */
export function exitOf(child: ChildProcess): Promise<number | null> {
	if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
	child.ref()
	return new Promise(resolve => child.once('exit', code => resolve(code)))
}

/** Tries until `attempt` succeeds, the child ends, or the time is up. */
export async function untilReady(child: ChildProcess, attempt: () => Promise<void>, timeoutMs: number): Promise<boolean> {
	const deadline = Date.now() + timeoutMs
	while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
		try {
			await attempt()
			return true
		} catch {
			await sleep(25)
		}
	}
	return false
}

export function isRunning(pid: number): boolean {
	if (isZombie(pid)) return false
	try {
		process.kill(pid, 0)
		return true
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM'
	}
}

/** Linux only; undefined elsewhere. */
export function parentOf(pid: number): number | undefined {
	try {
		// The second field is the program's name in parentheses, which may contain anything.
		return Number(/.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
	} catch {
		return undefined
	}
}

export const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/**
 * Whether the process has ended without being reaped by its parent. Where process 1 is no init system, a crashed node's children stay
 * in this state.
 */
function isZombie(pid: number): boolean {
	try {
		return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
	} catch {
		return false
	}
}

/** Waits until the process has ended. @throws EmbeddedServerError after `timeoutMs` */
async function waitForExit(pid: number, timeoutMs: number, name: string): Promise<void> {
	const deadline = Date.now() + timeoutMs
	while (isRunning(pid)) {
		if (Date.now() > deadline) throw new EmbeddedServerError(`${name} (process ${pid}) does not stop; end it and start again`)
		await sleep(20)
	}
}

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
