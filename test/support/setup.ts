import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { freemem } from 'node:os'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { startServers, stopServers } from './servers.ts'
import { isTopology, killInTheMiddle } from './topology.ts'
import { waitFor } from './wait.ts'

// A counterexample alone does not say what is wrong with it.
fc.configureGlobal({ includeErrorInReport: true })

/** Servers that are processes of their own, and the web client, are tested as they are built. */
const build = () => execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url)), '--if-stale'])

const inMemory = '/dev/shm'
const roomBytes = 4 * 2 ** 30

/** Some two hundred databases of four hundred files each are made and removed: in memory, where there is plenty. */
const keepFilesInMemory = () => {
	try {
		const { bavail, bsize } = statfsSync(inMemory)
		if (Math.min(bavail * bsize, freemem()) > roomBytes) process.env.TMPDIR = inMemory
	} catch {
		// This system has no such place.
	}
}

export const mochaGlobalSetup = async (): Promise<void> => {
	build()
	keepFilesInMemory()
	await startServers()
}
export const mochaGlobalTeardown = stopServers

/** What keeps this process alive, but for the timers that mocha itself waits by. */
const open = () => process.getActiveResourcesInfo().filter(kind => kind !== 'Timeout')
let before: string[] = []

/** A test that leaks a socket, a server or a process would keep the run from ending: its file is named, and it fails. */
export const mochaHooks = {
	beforeAll() {
		before = open()
	},
	beforeEach(this: Mocha.Context) {
		if (isTopology) killInTheMiddle(this.currentTest as Mocha.Test)
	},
	async afterAll(this: Mocha.Context) {
		const files = this.test?.parent?.suites.map(suite => suite.title)
		await waitFor(() => open().length <= before.length, 'nothing to linger', 15_000).catch(() => {
			throw new Error(`after the last test of "${files}", still open are ${open().join(', ')}; before the first: ${before.join(', ')}`)
		})
	},
}
