import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { nonroot } from './sandbox.ts'

// The base images of the Dockerfile cannot be fetched without a registry, but their contents can: Node.js from npm, and the packages
// of Debian in https://github.com/GoogleContainerTools/distroless/blob/main/nodejs/README.md.

const distrolessPackages = [
	...['base-files', 'ca-certificates', 'libc6', 'libgcc-s1', 'libgomp1', 'libssl3', 'libstdc++6', 'media-types', 'netbase', 'tzdata'],
]

/** Files of the packages that the distroless images leave out too. */
const leftOut = [
	'usr/share/doc',
	'usr/share/man',
	'usr/share/locale',
	'usr/share/lintian',
	'usr/share/bug',
	'usr/lib/x86_64-linux-gnu/gconv',
]

/** Installs Node.js of a major version from the npm registry. Returns the directory with the program. */
export const fetchNode = (directory: string, major: string): string => {
	const architecture = process.arch === 'arm64' ? 'arm64' : 'x64'
	const name = `node-linux-${architecture}`
	const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
	mkdirSync(directory, { recursive: true })
	writeFileSync(path.join(directory, 'package.json'), '{"private":true}')
	execFileSync('npm', ['install', ...options, `${name}@${major}`], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
	return path.join(directory, 'node_modules', name, 'bin')
}

/** Makes a root file system like that of `gcr.io/distroless/nodejs…:nonroot` from this machine's Debian. */
export const makeDistroless = (root: string, nodeDirectory: string): void => {
	const packages = path.join(root, '..', 'packages')
	for (const directory of [root, packages]) mkdirSync(directory, { recursive: true })
	// apt downloads as another user, who must reach the directory.
	chmodSync(packages, 0o777)
	execFileSync('apt-get', ['download', '-qq', ...distrolessPackages], { cwd: packages, stdio: ['ignore', 'ignore', 'pipe'] })
	for (const file of readdirSync(packages)) execFileSync('dpkg-deb', ['--extract', path.join(packages, file), root])
	for (const directory of leftOut) rmSync(path.join(root, directory), { recursive: true, force: true })
	for (const directory of ['nodejs/bin', 'proc', 'dev', 'tmp', 'home/nonroot']) mkdirSync(path.join(root, directory), { recursive: true })
	for (const device of ['null', 'urandom']) writeFileSync(path.join(root, 'dev', device), '')
	writeFileSync(path.join(root, 'etc', 'passwd'), `nonroot:x:${nonroot}:${nonroot}:nonroot:/home/nonroot:/sbin/nologin\n`)
	copyFileSync(path.join(nodeDirectory, 'node'), path.join(root, 'nodejs', 'bin', 'node'))
	chmodSync(path.join(root, 'nodejs', 'bin', 'node'), 0o755)
	chmodSync(root, 0o755)
}
