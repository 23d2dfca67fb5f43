import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const jwtSecret = 'a secret that is only used in benchmarks, of sufficient length'

export type BenchNode = { url: string; pid: number; stop(): Promise<void> }

/**
 * Mail is on, so that every booking writes its messages to the ledger in its transaction. No mail server listens at the address,
 * because nodes of the role `web` leave sending to workers.
 */
export const mailServer = 'smtp://127.0.0.1:9'

const running = new Set<ChildProcess>()
process.once('exit', () => {
	for (const child of running) child.kill('SIGKILL')
})

/** Starts the built server as in production, except for rate limits. `BENCH_CPU_PROF` names a directory for CPU profiles. */
export const startServer = async (stores: { databaseUrl: string; redisUrl: string }): Promise<BenchNode> => {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'liveslot-bench-node-'))
	const profileDir = process.env.BENCH_CPU_PROF
	const profiling = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : []
	const child = spawn(process.execPath, [...profiling, 'dist/server/main.js'], {
		cwd: root,
		env: {
			PATH: process.env.PATH,
			NODE_ENV: 'production',
			PORT: '0',
			DATA_DIR: dataDir,
			DATABASE_URL: stores.databaseUrl,
			REDIS_URL: stores.redisUrl,
			SMTP_URL: mailServer,
			ROLE: 'web',
			RATE_LIMIT: 'off',
			LOG_LEVEL: 'warn',
			JWT_SECRET: jwtSecret,
		},
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	running.add(child)
	const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
	void exited.then(() => running.delete(child))
	const url = await new Promise<string>((resolve, reject) => {
		let output = ''
		child.stdout.on('data', chunk => {
			output += chunk
			const ready = /ready on (http:\S+)/.exec(output)
			if (ready) resolve((ready[1] as string).replace('localhost', '127.0.0.1'))
		})
		void exited.then(code => reject(new Error(`the server ended with ${code}: ${output}`)))
	})
	return {
		url,
		pid: child.pid as number,
		async stop() {
			child.kill('SIGTERM')
			await exited
			rmSync(dataDir, { recursive: true, force: true })
		},
	}
}

/** Linux counts processor time in hundredths of a second. */
const tickMs = 10

/** The processor time that a process has used so far, in all its threads. */
export const cpuMs = (pid: number): number => {
	// The fields follow the program's name in brackets, which may contain spaces.
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
	return (Number(fields[11]) + Number(fields[12])) * tickMs
}

/** The memory of a process that is in RAM, in bytes. */
export const residentBytes = (pid: number): number =>
	Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
