import { createDomains } from './domains.ts'
import { createAuthentication } from './identity/authentication.ts'
import { type NodeDeps, openStores } from './stores.ts'
import { createTransports } from './transports.ts'

/** Assembles one node: stores, domains, transports. Stopping it finishes running work first. */
export async function startNode(deps: NodeDeps): Promise<RunningNode> {
	const stores = await openStores(deps)
	const authentication = createAuthentication(stores)
	const transports = createTransports(stores, authentication)
	const domains = await createDomains(stores, transports, authentication)
	try {
		await transports.open(domains)
	} catch (error) {
		await stop()
		throw error
	}
	return { url: transports.url(), stop }

	async function stop(): Promise<void> {
		stores.readiness.drain()
		transports.refuse()
		await stores.giveUpSilentRedis()
		await domains.finish()
		await transports.close()
		await domains.stop()
		await stores.stop()
	}
}

export type RunningNode = {
	/** The node's address, such as `http://localhost:3000`. */
	url: string
	stop(): Promise<void>
}
