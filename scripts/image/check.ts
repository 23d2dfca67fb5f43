/**
 * Builds the image without a container engine and runs it: carries out each command of the Dockerfile in a bare directory, and then
 * uses the last stage as the whole file system of a process that is not root and cannot write. Needs root, Debian and npm.
 *
 *   npm run image:check
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../../server/platform/embedded/postgres.ts'
import { freePort } from '../../server/platform/embedded/process.ts'
import { startEmbeddedRedis } from '../../server/platform/embedded/redis.ts'
import { buildImage, type Image } from './build.ts'
import { type Container, nonroot, startContainer } from './sandbox.ts'

const sizeLimitMb = 250
const project = fileURLToPath(new URL('../..', import.meta.url))
const say = (line: string) => void process.stdout.write(`${line}\n`)

const megabytes = (directory: string): number => {
	const [bytes] = execFileSync('du', ['--summarize', '--bytes', directory], { encoding: 'utf8' }).split('\t')
	return Number(bytes) / 1e6
}

const expectThat = (holds: boolean, what: string, container?: Container): void => {
	if (!holds) throw new Error(`${what}: no${container ? `\n${container.output()}` : ''}`)
	say(`${what}: yes`)
}

const checkSize = ({ root, workdir }: Image): void => {
	const whole = megabytes(root)
	const parts = ['node_modules', 'dist'].map(part => `${part} ${megabytes(path.join(root, workdir, part)).toFixed(1)}`)
	const base = whole - megabytes(path.join(root, workdir))
	say(
		`${whole.toFixed(1)} MB uncompressed: base ${base.toFixed(1)} (Node.js ${megabytes(path.join(root, 'nodejs')).toFixed(1)}), ${parts.join(', ')}`,
	)
	expectThat(whole < sizeLimitMb, `It is under ${sizeLimitMb} MB`)
}

/** Lists what the process can do beyond reading. The list must be empty. */
const harmless = `
const { writeFileSync } = require('node:fs')
for (const file of ['/app/x', '/x', '/nodejs/bin/node']) {
	try { writeFileSync(file, ''); process.exit(1) } catch (error) { if (error.code !== 'EROFS') throw error }
}
writeFileSync('/tmp/x', '')
process.exit(process.getuid() === ${nonroot} && process.getgroups().every(id => id === ${nonroot}) ? 0 : 2)`

const checkHarmless = async (image: Image): Promise<void> => {
	const container = startContainer(image, image.env, ['/nodejs/bin/node', '-e', harmless])
	expectThat((await container.exited) === 0, 'It is not root, and can write nowhere but in /tmp', container)
}

const untilReady = async (url: string, container: Container): Promise<boolean> => {
	for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
		if (container.child.exitCode !== null) return false
		const status = await fetch(`${url}/readyz`).then(
			answer => answer.status,
			() => 0,
		)
		if (status === 200) return true
		await new Promise(resolve => setTimeout(resolve, 100))
	}
	return false
}

const checkRunning = async (image: Image, stores: { databaseUrl: string; redisUrl: string }): Promise<void> => {
	const port = await freePort()
	const env = {
		...image.env,
		PORT: String(port),
		DATABASE_URL: stores.databaseUrl,
		REDIS_URL: stores.redisUrl,
		JWT_SECRET: 'a secret that is only used in this check, of sufficient length',
	}
	const migration = startContainer(image, env, [...image.command, 'migrate'])
	expectThat((await migration.exited) === 0, 'It brings an empty database up to date, and ends', migration)
	const server = startContainer(image, env, image.command)
	expectThat(await untilReady(`http://127.0.0.1:${port}`, server), '/readyz answers 200', server)
	const health = startContainer(image, env, image.healthCheck)
	expectThat((await health.exited) === 0, 'Its health check passes', health)
	const page = await fetch(`http://127.0.0.1:${port}/`)
	expectThat(page.ok && (await page.text()).includes('<div id="root"'), 'It serves the web client', server)
	server.terminate()
	expectThat((await server.exited) === 0, 'SIGTERM ends it with 0', server)
}

const run = async (): Promise<void> => {
	if (process.getuid?.() !== 0) throw new Error('Only root can do this: it mounts what the image would hold')
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-image-'))
	// The image's user must reach the root of its file system.
	execFileSync('chmod', ['755', directory])
	const stops: (() => Promise<void>)[] = []
	try {
		const image = buildImage(project, directory, say)
		execFileSync('chmod', ['755', image.root])
		checkSize(image)
		await checkHarmless(image)
		const postgres = await startEmbeddedPostgres(directory)
		stops.push(postgres.stop)
		const redis = await startEmbeddedRedis(directory, say)
		stops.push(redis.stop)
		await checkRunning(image, { databaseUrl: postgres.url, redisUrl: redis.url })
	} finally {
		for (const stop of stops.reverse()) await stop()
		rmSync(directory, { recursive: true, force: true })
	}
}

await run()
