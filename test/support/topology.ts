import { freePort } from '../../server/platform/embedded/process.ts'
import { startBalancer } from './balancer.ts'
import { type ProcessNode, runProcess, startProcessNode } from './processes.ts'

/** `npm run topology`: tests run against a balancer before three nodes and a worker, instead of one node. */
export const isTopology = process.env.TEST_TOPOLOGY === '1'

const webNodes = 3
/** Long enough to hit the middle of a test. */
const killAfterMs = 700

export type Topology = {
	url: string
	/** Kills the node with the most sockets, like `kill -9`, and leaves the others. */
	killBusiest(): Promise<void>
	stop(): Promise<void>
}

const running = new Set<Topology>()

const socketsOf = async ({ url }: ProcessNode): Promise<number> => {
	const text = await (await fetch(`${url}/metrics`)).text()
	return Number(/active_resources\{type="TCPSocketWrap"\} (\d+)/.exec(text)?.[1] ?? 0)
}

/**
 * Starts the services of docker-compose.yml as processes, on existing stores: migrations once, then three nodes for browsers, a
 * worker, and nginx before the three.
 */
export const startTopology = async (
	stores: { databaseUrl: string; redisUrl: string },
	dataDir: string,
	overrides: Record<string, string>,
): Promise<Topology> => {
	const port = await freePort()
	// Nodes on several machines would share a mail server and the keys for web push in the same way.
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

/** Kills a node while the test in the middle of its block is running. */
export const killInTheMiddle = (test: Mocha.Test): void => {
	const tests = test.parent?.tests ?? []
	if (tests.indexOf(test) !== Math.floor(tests.length / 2)) return
	for (const topology of running) setTimeout(() => void topology.killBusiest(), killAfterMs)
}
