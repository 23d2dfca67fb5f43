import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { exitOf } from '../../server/platform/embedded/process.ts'
import { waitFor } from './wait.ts'

const template = fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url))

const onPath = (): string | undefined =>
	[...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin'].map(directory => path.join(directory, 'nginx')).find(existsSync)

/** Finds nginx, or installs it from the system's packages as root. Null where neither works. */
export const findNginx = (): string | null => {
	const found = onPath()
	if (found) return found
	if (process.getuid?.() !== 0) return null
	try {
		// This run level keeps the package from starting a server of its own.
		const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
		const script = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light'
		execFileSync('flock', [path.join(tmpdir(), 'liveslot-nginx.lock'), 'sh', '-c', script], { env, stdio: 'ignore' })
	} catch {
		return null
	}
	return onPath() ?? null
}

type Places = { port: number; directory: string; servers: readonly string[] }

/**
 * Fills docker-compose.yml's configuration with addresses in place of the name in Docker's DNS, because Debian's nginx cannot resolve
 * names of upstreams again. Changes nothing else.
 */
export const fillTemplate = (text: string, { port, directory, servers }: Places): string =>
	text
		.replace(/^\s*resolver .*\n/gm, '')
		.replace(/^(\s*)server server:3000 resolve (.*;)$/gm, (_line, indent, settings) =>
			servers.map(server => `${indent}server ${server} ${settings}`).join('\n'),
		)
		.replace('listen 8080;', `listen 127.0.0.1:${port};`)
		.replaceAll(' /tmp/', ` ${directory}/`)

export type Balancer = { url: string; stop: () => Promise<void> }

/** Starts nginx before running nodes, configured as in docker-compose.yml. */
export const startBalancer = async (port: number, nodes: readonly string[]): Promise<Balancer> => {
	const program = findNginx()
	if (!program) throw new Error('there is no nginx, and none could be installed')
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-balancer-'))
	// nginx's workers run as another user.
	chmodSync(directory, 0o711)
	const file = path.join(directory, 'nginx.conf')
	const servers = nodes.map(url => `127.0.0.1:${new URL(url).port}`)
	writeFileSync(file, fillTemplate(readFileSync(template, 'utf8'), { port, directory, servers }))
	const child: ChildProcess = spawn(program, ['-p', directory, '-c', file, '-g', 'daemon off;'], {
		stdio: ['ignore', 'inherit', process.env.TEST_LOG ? 'inherit' : 'ignore'],
	})
	const url = `http://localhost:${port}`
	const answers = async () => {
		if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}; TEST_LOG=info shows why`)
		return await fetch(`${url}/readyz`).then(
			({ ok }) => ok,
			() => false,
		)
	}
	await waitFor(answers, 'the balancer to answer')
	return {
		url,
		stop: async () => {
			const exited = exitOf(child)
			child.kill('SIGTERM')
			await exited
			rmSync(directory, { recursive: true, force: true })
		},
	}
}
