import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { exitOf, freePort } from '../../server/platform/embedded/process.ts'
import { waitFor } from './wait.ts'

const program = '/usr/sbin/pgbouncer'

/** Whether a pooler is installed, or can be installed from the system's packages as root. */
export const findPooler = (): boolean => {
	if (!existsSync(program) && process.getuid?.() === 0) {
		const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
		try {
			execFileSync('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq --no-install-recommends pgbouncer'], { env, stdio: 'ignore' })
		} catch {
			return false
		}
	}
	return existsSync(program)
}

/**
 * Starts PgBouncer in transaction mode before a database: each transaction may get another session of PostgreSQL, as with the poolers
 * of hosts. `connections` is how many sessions PgBouncer keeps.
 */
export const startPooler = async (
	databaseUrl: string,
	connections: number,
): Promise<{ databaseUrl: string; stop: () => Promise<void> }> => {
	const address = new URL(databaseUrl)
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-pooler-'))
	// PgBouncer refuses to run as root and runs as another user.
	chmodSync(directory, 0o711)
	const file = (name: string, lines: readonly string[]): string => {
		writeFileSync(path.join(directory, name), `${lines.join('\n')}\n`)
		return path.join(directory, name)
	}
	const users = file('users.txt', [`"${address.username}" "${decodeURIComponent(address.password)}"`])
	const port = await freePort()
	const settings = file('pgbouncer.ini', [
		'[databases]',
		`* = host=${address.hostname} port=${address.port}`,
		'[pgbouncer]',
		'listen_addr = 127.0.0.1',
		`listen_port = ${port}`,
		'auth_type = plain',
		`auth_file = ${users}`,
		'pool_mode = transaction',
		`default_pool_size = ${connections}`,
		'unix_socket_dir =',
	])
	const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
	const child: ChildProcess = spawn(program, [...asUser, settings], { stdio: 'ignore' })
	const accepts = () =>
		new Promise<boolean>(resolve => {
			const socket = connect(port, '127.0.0.1')
			socket.once('connect', () => resolve(true))
			socket.once('error', () => resolve(false))
			socket.once('connect', () => socket.destroy())
		})
	await waitFor(accepts, 'the pooler to accept connections')
	address.host = `127.0.0.1:${port}`
	return {
		databaseUrl: address.href,
		stop: async () => {
			const exited = exitOf(child)
			child.kill('SIGTERM')
			await exited
			rmSync(directory, { recursive: true, force: true })
		},
	}
}
