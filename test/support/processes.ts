import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { testEnvironment } from './environment.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type ProcessNode = { url: string; child: ChildProcess; pid: number; stop: (signal?: NodeJS.Signals) => Promise<number | null> }

type Stores = { databaseUrl: string; redisUrl: string }

const spawnNode = (stores: Stores, overrides: Record<string, string>, program = 'dist/server/main.js') => {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'liveslot-process-'))
	const child = spawn(process.execPath, [program], {
		cwd: root,
		env: {
			PATH: process.env.PATH,
			...testEnvironment(dataDir, { DATABASE_URL: stores.databaseUrl, REDIS_URL: stores.redisUrl, ...overrides }),
		},
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	let output = ''
	child.stdout.on('data', chunk => (output += chunk))
	const exited = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)))
	const cleaned = exited.finally(() => rmSync(dataDir, { recursive: true, force: true }))
	return { child, exited: cleaned, output: () => output }
}

/**
 * Runs a process that ends by itself, such as one with the role `migrate`, and returns its output.
 *
 * @throws Error when it does not exit with 0
 */
export const runProcess = async (stores: Stores, overrides: Record<string, string>): Promise<string> => {
	const { exited, output } = spawnNode(stores, overrides)
	const code = await exited
	if (code !== 0) throw new Error(`the process ended with ${code}: ${output()}`)
	return output()
}

/** Starts a node as its own process, as in production, with stores that it shares. */
export const startProcessNode = async (stores: Stores, overrides: Record<string, string> = {}, program?: string): Promise<ProcessNode> => {
	const { child, exited, output } = spawnNode(stores, overrides, program)
	const url = await new Promise<string>((resolve, reject) => {
		child.stdout.on('data', () => {
			const ready = /ready on (http:\S+)/.exec(output())
			if (ready) resolve(ready[1] as string)
		})
		void exited.then(code => reject(new Error(`the node ended with ${code}: ${output()}`)))
	})
	return {
		url,
		child,
		pid: child.pid as number,
		stop: async (signal = 'SIGTERM') => {
			child.kill(signal)
			return await exited
		},
	}
}
