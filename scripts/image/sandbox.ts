import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Place } from './context.ts'

/** The user of the image: `nonroot` of the distroless images. */
export const nonroot = 65532

// Commands run in namespaces of their own, so that nothing stays mounted or running when this process dies.
const inNamespace = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private', 'sh', '-euc']

/** This machine's programs and libraries, read-only, around the files of a stage: `$1` root, `$2` workdir, `$3` node, `$4` npm's cache. */
const withPrograms = `
for each in usr bin sbin lib lib64 etc; do
	if [ -L "/$each" ]; then cp -P "/$each" "$1/"; continue; fi
	[ -d "/$each" ] || continue
	mkdir -p "$1/$each"
	mount --bind "/$each" "$1/$each"
	mount -o remount,bind,ro "$1/$each"
done
mkdir -p "$1/proc" "$1/dev" "$1/tmp" "$1/root/.npm"
mount --bind "$3" "$1/usr/local/bin"
mount --bind "$4" "$1/root/.npm"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
root=$1 workdir=$2
shift 4
exec env -i "$@"`

/** The files of the image as the whole file system, writable only in /tmp: `$1` root. */
const asFileSystem = `
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount -t tmpfs tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
for each in null urandom; do mount --bind "/dev/$each" "$1/dev/$each"; done
shift
exec env -i "$@"`

const assignments = (env: Record<string, string>) => Object.entries(env).map(([name, value]) => `${name}=${value}`)
const enter = ({ root, workdir }: Place) => ['unshare', `--root=${root}`, `--wd=${workdir}`]

/** Runs a `RUN` of a Dockerfile as in its base image: as root, with a shell, Node.js and npm. */
export const runInStage = (place: Place, nodeDirectory: string, env: Record<string, string>, command: string): void => {
	const npmCache = path.join(homedir(), '.npm')
	mkdirSync(npmCache, { recursive: true })
	const settings = assignments({ HOME: '/root', PATH: '/usr/local/bin:/usr/bin:/bin', ...env })
	const arguments_ = [place.root, place.workdir, nodeDirectory, npmCache, ...settings, ...enter(place), 'sh', '-ec', command]
	const { status } = spawnSync('unshare', [...inNamespace, withPrograms, 'sh', ...arguments_], { stdio: ['ignore', 'inherit', 'inherit'] })
	if (status !== 0) throw new Error(`RUN ${command} ended with ${status}`)
}

export type Container = { child: ChildProcess; output: () => string; exited: Promise<number | null>; terminate(): void }

/** Starts a command of the image as a container does: not as root, on a read-only file system. */
export const startContainer = (place: Place, env: Record<string, string>, command: readonly string[]): Container => {
	const asNonroot = ['setpriv', '--no-new-privs', ...enter(place), `--setgid=${nonroot}`, `--setuid=${nonroot}`]
	const arguments_ = [place.root, ...assignments({ PATH: '/usr/bin:/bin', ...env }), ...asNonroot, ...command]
	const child = spawn('unshare', [...inNamespace, asFileSystem, 'sh', ...arguments_], { stdio: ['ignore', 'pipe', 'pipe'] })
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
	return {
		child,
		output: () => output,
		exited: new Promise(resolve => child.once('exit', code => resolve(code))),
		terminate() {
			// unshare does not pass signals to its child.
			const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
			for (const pid of children.split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGTERM')
		},
	}
}
