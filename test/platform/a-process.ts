import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Exit = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }

export type ServerProcess = {
	child: ChildProcess
	/** The server's address. @throws Error when the process ends first */
	url: Promise<string>
	exit: Promise<Exit>
	/** Resolves once the process has printed the text. */
	says(text: string): Promise<void>
	/** What it has printed so far. */
	printed(): string
}

/** The built server in a process of its own, with only the given settings. */
export const aProcess = (settings: Record<string, string>, args: string[] = []): ServerProcess => {
	const child = spawn(process.execPath, ['dist/server/main.js', ...args], {
		cwd: root,
		env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', DEMO: '0', ...settings },
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	let stdout = ''
	let stderr = ''
	child.stderr.setEncoding('utf8').on('data', chunk => {
		stderr += chunk
	})
	// "exit", not "close": children of a crashed node may keep its pipes open.
	const exit = new Promise<Exit>(resolve => {
		child.once('exit', (code, signal) => setImmediate(() => resolve({ code, signal, stdout, stderr })))
	})
	const url = new Promise<string>((resolve, reject) => {
		child.stdout.setEncoding('utf8').on('data', chunk => {
			stdout += chunk
			const [, address] = /^Liveslot is ready on (\S+)$/m.exec(stdout) ?? []
			if (address) resolve(address)
		})
		void exit.then(({ code, signal }) => reject(new Error(`ended with ${code ?? signal} before it was ready: ${stdout}${stderr}`)))
	})
	url.catch(() => {})
	const says = (text: string) => until(`it says ${text}`, () => stdout.includes(text), 30_000)
	return { child, url, exit, says, printed: () => stdout }
}

const read = (file: string) => {
	try {
		return readFileSync(file, 'utf8')
	} catch {
		return ''
	}
}

const isZombie = (pid: string) => /\) Z /.test(read(`/proc/${pid}/stat`))

const commandLine = (pid: string) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')

const workingDirectory = (pid: string) => {
	try {
		return readlinkSync(`/proc/${pid}/cwd`)
	} catch {
		return ''
	}
}

/** Finds processes that work in the directory or have it on their command line: the node, PostgreSQL, Redis, guards. Linux only. */
export const processesOn = (directory: string): string[] =>
	readdirSync('/proc')
		.filter(pid => /^\d+$/.test(pid) && Number(pid) !== process.pid && !isZombie(pid))
		.filter(pid => [commandLine(pid), read(`/proc/${pid}/environ`), workingDirectory(pid)].some(trace => trace.includes(directory)))
		.map(pid => `${pid} ${commandLine(pid)}`)

export const until = async (what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> => {
	const deadline = Date.now() + timeoutMs
	while (!(await condition())) {
		if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`)
		await new Promise(resolve => setTimeout(resolve, 25))
	}
}
