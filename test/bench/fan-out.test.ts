import { fanOutRange, fanOutSlots, work } from '../../bench/fan-out.ts'
import { aClinic, type BenchClinic } from '../../bench/support/clinic.ts'
import { useNodes } from '../support/nodes.ts'

describe('a burst of changes', () => {
	const nodes = useNodes(2)
	let clinic: BenchClinic
	before(async () => {
		clinic = await aClinic(nodes[0]!.databaseUrl, { doctors: 2, patients: 1, slots: fanOutSlots })
	})
	after(() => work.close())

	// The load generator itself checks every frame: a gap, a wrong state or a watcher left behind is an error.
	it('sends every change to every watcher on every node, once and in order', async () => {
		await work.watch(
			nodes.map(node => node.url),
			clinic,
			60,
			fanOutRange(),
		)
		await work.deliver(nodes[0]!.redisUrl, clinic, { count: 600, perSecond: 2000 }, false)
	})
})
