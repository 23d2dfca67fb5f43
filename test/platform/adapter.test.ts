import { expect } from 'chai'
import { bareSockets } from './bare-sockets.ts'

describe('a message to all nodes', () => {
	it('is lost while Redis is away, without ending the process', async () => {
		const { publisher, sockets, stop } = await bareSockets()
		publisher.disconnect()
		const unheard: unknown[] = []
		const note = (reason: unknown) => void unheard.push(reason)
		const others = process.listeners('unhandledRejection')
		process.removeAllListeners('unhandledRejection')
		process.on('unhandledRejection', note)
		try {
			sockets.io.to('any room').emit('calendar:presence', { doctorId: '1', viewers: 1 })
			sockets.cutOff('1')
			const fails = await publisher.publish('any', 'thing').then(
				() => false,
				() => true,
			)
			await new Promise(resolve => setTimeout(resolve, 20))
			expect([fails, unheard]).to.deep.equal([true, []])
		} finally {
			process.removeAllListeners('unhandledRejection')
			for (const each of others) process.on('unhandledRejection', each)
			await stop()
		}
	})
})
