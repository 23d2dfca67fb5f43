import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Config, loadConfig } from '../../server/config.ts'
import { type RunningNode, startNode } from '../../server/node.ts'
import { createDatabase, type Db } from '../../server/platform/database/database.ts'
import { createLog, type Log } from '../../server/platform/observability/log.ts'
import { testEnvironment } from './environment.ts'
import { freshStores, nodeTemplate } from './servers.ts'
import { isTopology, startTopology } from './topology.ts'

export type TestNode = RunningNode & { db: Db; databaseUrl: string; redisUrl: string; config: Config }

export const startTestNode = async (overrides: Record<string, string> = {}, log?: Log, template?: string): Promise<TestNode> => {
	const stores = await freshStores(template ?? nodeTemplate)
	const dataDir = mkdtempSync(path.join(tmpdir(), 'liveslot-node-'))
	const config = loadConfig(testEnvironment(dataDir, overrides))
	const { databaseUrl, redisUrl } = stores
	const alone = () => startNode({ config, log: log ?? createLog(config.logLevel), databaseUrl, redisUrl, version: 'test' })
	const node = await (isTopology ? startTopology(stores, dataDir, overrides) : alone())
	const db = createDatabase({ url: stores.databaseUrl, poolSize: 5 })
	return {
		...node,
		db,
		databaseUrl,
		redisUrl,
		config,
		stop: async () => {
			await node.stop()
			await db.destroy()
			await stores.drop()
			rmSync(dataDir, { recursive: true, force: true })
		},
	}
}

type Options = {
	log?: Log | undefined
	/** The database from which the node's is copied; an empty one by default. */
	template?: (() => Promise<string>) | undefined
}

/** A complete node in this process for one `describe`, with its own stores. */
export const useNode = (overrides: Record<string, string> = {}, { log, template }: Options = {}): TestNode => {
	let node: TestNode | undefined
	before(async function () {
		this.timeout(60_000)
		node = await startTestNode(overrides, log, await template?.())
	})
	after(async () => {
		await node?.stop()
	})
	return new Proxy({} as TestNode, { get: (_target, name) => Reflect.get(node as TestNode, name) })
}
