import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../server/platform/embedded/process.ts'
import { waitFor } from '../support/wait.ts'
import { root } from './fences.ts'

export type Scratch = Awaited<ReturnType<typeof makeScratch>>

const leftBehind = ['node_modules', 'dist', '.git', '.data', '.env']

/** A copy of the repository, with its packages and its build, that commands may change freely. `settings` go into the environment. */
export async function makeScratch(settings: Record<string, string>) {
	const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'liveslot-docs-')))
	cpSync(root, directory, { recursive: true, filter: source => !leftBehind.includes(path.relative(root, source)) })
	symlinkSync(path.join(root, 'node_modules'), path.join(directory, 'node_modules'))
	// Comes last, because the build must be newer than its sources.
	cpSync(path.join(root, 'dist'), path.join(directory, 'dist'), { recursive: true })
	const port = String(await freePort())
	const url = `http://localhost:${port}`
	const { PATH, HOME, CI } = process.env
	const env = {
		PATH,
		HOME,
		CI,
		PORT: port,
		URL: url,
		LOG_LEVEL: 'silent',
		SLOT_DAYS_AHEAD: '14',
		npm_config_update_notifier: 'false',
		...settings,
	}
	const servers: { child: ChildProcess; exited: Promise<number | null> }[] = []

	return {
		directory,
		url,
		/** Returns the command's output. @throws Error when it fails or takes too long */
		run: (command: string, timeoutMs: number): Promise<string> =>
			new Promise((resolve, reject) => {
				execFile(
					'bash',
					['--norc', '-eo', 'pipefail', '-c', command],
					{ cwd: directory, env, timeout: timeoutMs },
					(error, stdout, stderr) => {
						if (error) reject(new Error(`${command}: ${error.message}\n${stdout}${stderr}`))
						else resolve(stdout)
					},
				)
			}),
		/** Starts a server and waits until it is ready. */
		async serve(command: string): Promise<void> {
			const child = spawn('bash', ['-c', `exec ${command}`], { cwd: directory, env, stdio: 'ignore', detached: true })
			servers.push({ child, exited: new Promise(resolve => child.once('exit', code => resolve(code))) })

			function ready() {
				if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`)
				return fetch(`${url}/readyz`).then(
					({ ok }) => ok,
					() => false,
				)
			}

			await waitFor(ready, `${command} to serve`, 90_000)
		},
		/** Signals every process of the servers, as Ctrl-C does. */
		async stopServing(): Promise<void> {
			for (const { child, exited } of servers.splice(0)) {
				process.kill(-(child.pid as number), 'SIGINT')
				await exited
				await waitFor(
					() =>
						fetch(`${url}/readyz`).then(
							() => false,
							() => true,
						),
					'the server to be gone',
				)
			}
		},
		remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
	}
}
