import { patienceMs } from './caller.ts'
import type { ChaosNode, Cluster } from './cluster.ts'

/** Polls meanwhile whether `/readyz` reports an outage, and how nodes answer over HTTP. */
export function watchWayIn(cluster: Cluster) {
	let wasDown = false
	let stopped = false
	const flaws = new Set<string>()
	const watching = (async () => {
		while (!stopped) {
			const [statuses, found] = await Promise.all([
				Promise.all(cluster.nodes.map(cluster.readiness)),
				Promise.all(cluster.nodes.map(flawOf)),
			])
			wasDown ||= statuses.includes(503)
			for (const flaw of found) if (flaw) flaws.add(flaw)
			await new Promise(resolve => setTimeout(resolve, 200))
		}
	})()
	return async () => {
		stopped = true
		await watching
		return { wasDown, flaws: [...flaws] }
	}
}

/** What is wrong with a node's answer over HTTP. Undefined also when the node does not run. */
async function flawOf({ process }: ChaosNode): Promise<string | undefined> {
	if (!process) return undefined
	const began = performance.now()
	try {
		const { status, headers } = await fetch(`${process.url}/api/v1/doctors?limit=1`, { signal: AbortSignal.timeout(patienceMs) })
		if (status === 503) return headers.has('retry-after') ? undefined : 'a 503 did not say when to come back'
		return status === 200 ? undefined : `${status} was answered over HTTP`
	} catch {
		return performance.now() - began >= patienceMs ? 'an HTTP request hung' : undefined
	}
}
