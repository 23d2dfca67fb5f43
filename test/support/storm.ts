import type { TestNode } from './node.ts'
import { aPatient } from './people.ts'
import { aSocket, type Client, closeSockets } from './watcher.ts'

type Holder = { socket: Client; slotIds: string[]; turn: number }

const perHolder = 6

/** Holds and releases slots repeatedly, for this many changes a minute. Slots are spread over patients. */
export const startStorm = async (node: TestNode, slotIds: readonly string[], changesPerMinute: number) => {
	const holders: Holder[] = []
	for (let first = 0; first < slotIds.length; first += perHolder) {
		const { token } = await aPatient(node)
		holders.push({ socket: await aSocket(node, token), slotIds: slotIds.slice(first, first + perHolder), turn: 0 })
	}
	let asked = 0
	let made = 0
	let refused = 0
	const began = performance.now()
	const change = (holder: Holder) => {
		// A slot is held on even turns and released on odd ones. A socket's requests are handled in order.
		const slotId = holder.slotIds[Math.floor(holder.turn / 2) % holder.slotIds.length] as string
		const event = holder.turn++ % 2 === 0 ? 'slot:hold' : 'slot:release'
		void holder.socket.emitWithAck(event, { slotId }).then(answer => (answer.ok ? made++ : refused++))
	}
	const timer = setInterval(() => {
		const due = ((performance.now() - began) / 60_000) * changesPerMinute
		while (asked < due) change(holders[asked++ % holders.length] as Holder)
	}, 10)
	return {
		async stop() {
			clearInterval(timer)
			const perMinute = (made / (performance.now() - began)) * 60_000
			closeSockets()
			return { perMinute: Math.round(perMinute), refused }
		},
	}
}
