import { freePort } from '../../server/platform/embedded/process.ts'
import { startBalancer } from './balancer.ts'
import { type ProcessNode, runProcess, startProcessNode } from './processes.ts'

/** `npm run topology`: what tests take for one node is a balancer before three of them, and a worker beside them. */
export const isTopology = process.env.TEST_TOPOLOGY === '1'

const webNodes = 3
/** In the middle of a test, not before it. */
const killAfterMs = 700

export type Topology = {
	url: string
	/** Kills the node with the most sockets, as `kill -9` does; the others are left. */
	killBusiest(): Promise<void>
	stop(): Promise<void>
}

const running = new Set<Topology>()

const socketsOf = async ({ url }: ProcessNode): Promise<number> => {
	const text = await (await fetch(`${url}/metrics`)).text()
	return Number(/active_resources\{type="TCPSocketWrap"\} (\d+)/.exec(text)?.[1] ?? 0)
}

/**
 * The services of docker-compose.yml as processes, on stores that are already there: migrations once, then three nodes for
 * browsers and a worker, and nginx before the three.
 */
export const startTopology = async (
	stores: { databaseUrl: string; redisUrl: string },
	dataDir: string,
	overrides: Record<string, string>,
): Promise<Topology> => {
	const port = await freePort()
	// Shared as nodes on several machines would share a mail server and the keys for web push.
	const settings = { ...overrides, DATA_DIR: dataDir, PUBLIC_URL: `http://localhost:${port}`, TRUST_PROXY: '1' }
	await runProcess(stores, { ...settings, ROLE: 'migrate' })
	const roles = [...Array.from({ length: webNodes }, () => 'web'), 'worker']
	const nodes = await Promise.all(roles.map(role => startProcessNode(stores, { ...settings, ROLE: role })))
	const serving = nodes.slice(0, webNodes)
	const { url, stop: stopBalancer } = await startBalancer(
		port,
		serving.map(each => each.url),
	)
	const topology: Topology = {
		url,
		async killBusiest() {
			const counts = await Promise.all(serving.map(socketsOf))
			const place = counts.indexOf(Math.max(...counts))
			const [killed] = serving.splice(place, 1)
			console.log(`      killed a node with ${counts[place]} sockets; the others have ${counts.filter((_, index) => index !== place)}`)
			await killed?.stop('SIGKILL')
		},
		async stop() {
			running.delete(topology)
			await stopBalancer()
			await Promise.all(nodes.map(node => node.stop()))
		},
	}
	running.add(topology)
	return topology
}

/** Kills a node of what is running while the test in the middle of its block is under way. */
export const killInTheMiddle = (test: Mocha.Test): void => {
	const tests = test.parent?.tests ?? []
	if (tests.indexOf(test) !== Math.floor(tests.length / 2)) return
	for (const topology of running) setTimeout(() => void topology.killBusiest(), killAfterMs)
}
