// Compiles the server into dist/, puts the SQL and Lua files beside it, and builds the web client into dist/client.
//   --if-stale     only when a source is newer than the last build
//   --if-possible  do nothing, quietly, where the compiler is not installed (production installs)
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('..', import.meta.url))
const inRoot = (...parts) => path.join(root, ...parts)
const flags = new Set(process.argv.slice(2))

const sources = ['server', 'contract', 'db', 'client']
const compiled = ['server', 'contract', 'db']
const stamp = inRoot('dist', '.built')
const vite = inRoot('node_modules', 'vite', 'bin', 'vite.js')
const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc')

const newestSource = () => {
	let newest = 0
	for (const file of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) newest = Math.max(newest, statSync(inRoot(file)).mtimeMs)
	for (const directory of sources) {
		for (const entry of readdirSync(inRoot(directory), { recursive: true, withFileTypes: true })) {
			newest = Math.max(newest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs)
		}
	}
	return newest
}

const copyAssets = () => {
	for (const directory of compiled) {
		cpSync(inRoot(directory), inRoot('dist', directory), {
			recursive: true,
			filter: source => statSync(source).isDirectory() || /\.(sql|lua|txt|webp|png)$/.test(source),
		})
	}
}

const compressible = /\.(js|css|svg)$/
const worthIt = 1024

/** Compresses files that never change once, and harder than there would be time for while a browser waits. */
const compressClient = () => {
	const assets = inRoot('dist', 'client', 'assets')
	for (const name of readdirSync(assets)) {
		if (!compressible.test(name)) continue
		const content = readFileSync(path.join(assets, name))
		if (content.length < worthIt) continue
		writeFileSync(path.join(assets, `${name}.gz`), gzipSync(content, { level: 9 }))
		const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
		writeFileSync(path.join(assets, `${name}.br`), brotliCompressSync(content, { params }))
	}
}

const build = () => {
	if (!existsSync(tsc)) {
		if (flags.has('--if-possible') || existsSync(stamp)) return 0
		process.stderr.write('The compiler is not installed: run npm ci first\n')
		return 1
	}
	rmSync(inRoot('dist'), { recursive: true, force: true })
	const { status } = spawnSync(process.execPath, [tsc, '-p', inRoot('tsconfig.build.json')], { stdio: 'inherit' })
	if (status !== 0) return status ?? 1
	copyAssets()
	const client = spawnSync(
		process.execPath,
		[vite, 'build', inRoot('client'), '--config', inRoot('client', 'vite.config.ts'), '--logLevel', 'warn'],
		{
			stdio: 'inherit',
		},
	)
	if (client.status !== 0) return client.status ?? 1
	compressClient()
	writeFileSync(stamp, '')
	return 0
}

const fresh = existsSync(stamp) && statSync(stamp).mtimeMs >= newestSource()
process.exitCode = flags.has('--if-stale') && fresh ? 0 : build()
