import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { loadConfig } from '../../server/config.ts'
import { startNode } from '../../server/node.ts'
import { createDatabase } from '../../server/platform/database/database.ts'
import { createLog, type Log } from '../../server/platform/observability/log.ts'
import { testEnvironment } from './environment.ts'
import type { TestNode } from './node.ts'
import { freshStores, nodeTemplate } from './servers.ts'

export type NodesOptions = {
	/** Another Redis than the test run's own. */
	redisUrl?: () => string
	/** Further settings of each node, by position. */
	each?: Record<string, string>[]
	/** Settings that are known only when the nodes start. */
	settings?: () => Record<string, string> | Promise<Record<string, string>>
	/** The log of all nodes; none by default. */
	log?: Log
}

const startNodes = async (count: number, overrides: Record<string, string>, options: NodesOptions) => {
	const { databaseUrl, drop, ...stores } = await freshStores(nodeTemplate)
	const redisUrl = options.redisUrl?.() ?? stores.redisUrl
	const dataDir = mkdtempSync(path.join(tmpdir(), 'liveslot-nodes-'))
	const settings = { ...overrides, ...(await options.settings?.()) }
	const db = createDatabase({ url: databaseUrl, poolSize: 5 })
	const startOne = async (place: number): Promise<TestNode> => {
		const config = loadConfig(testEnvironment(dataDir, { ...settings, ...options.each?.[place] }))
		const node = await startNode({ config, log: options.log ?? createLog(config.logLevel), databaseUrl, redisUrl, version: 'test' })
		let stopped: Promise<void> | undefined
		// A test may stop a node itself, so that the end of the block has nothing to do.
		return { ...node, db, databaseUrl, redisUrl, config, stop: () => (stopped ??= node.stop()) }
	}
	const nodes: TestNode[] = []
	while (nodes.length < count) nodes.push(await startOne(nodes.length))
	return {
		nodes,
		stop: async () => {
			await Promise.all(nodes.map(node => node.stop()))
			await db.destroy()
			await drop()
			rmSync(dataDir, { recursive: true, force: true })
		},
	}
}

/** Several nodes in this process for one `describe`, with one database and one Redis that no other test uses. */
export const useNodes = (count: number, overrides: Record<string, string> = {}, options: NodesOptions = {}): TestNode[] => {
	let started: Awaited<ReturnType<typeof startNodes>> | undefined
	before(async () => {
		started = await startNodes(count, overrides, options)
	})
	after(async () => {
		await started?.stop()
	})
	return Array.from(
		{ length: count },
		(_, index) => new Proxy({} as TestNode, { get: (_target, name) => Reflect.get(started?.nodes[index] as TestNode, name) }),
	)
}
