import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { freemem } from 'node:os'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { startServers, stopServers } from './servers.ts'
import { isTopology, killInTheMiddle } from './topology.ts'
import { waitFor } from './wait.ts'

// A counterexample alone does not show what is wrong.
fc.configureGlobal({ includeErrorInReport: true })

/** Builds the server and the web client, which tests run as built. */
const build = () => execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url)), '--if-stale'])

const inMemory = '/dev/shm'
const roomBytes = 4 * 2 ** 30

/**
 * Keeps the databases' files in memory where there is enough: tests create and drop some two hundred databases of four hundred files
 * each.
 */
const keepFilesInMemory = () => {
	try {
		const { bavail, bsize } = statfsSync(inMemory)
		if (Math.min(bavail * bsize, freemem()) > roomBytes) process.env.TMPDIR = inMemory
	} catch {
		// This system has no such directory.
	}
}

export const mochaGlobalSetup = async (): Promise<void> => {
	build()
	keepFilesInMemory()
	await startServers()
}
export const mochaGlobalTeardown = stopServers

/** Lists what keeps this process alive, apart from mocha's own timers. */
const open = () => process.getActiveResourcesInfo().filter(kind => kind !== 'Timeout')
let before: string[] = []

/** Fails a test file that leaks a socket, a server or a process, because the run would not end. */
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
