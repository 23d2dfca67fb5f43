import type { Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import { type EventHandlers, Followed, type SocketContext } from '../../server/platform/live/dispatch.ts'
import { Refusal } from '../../server/platform/refusal.ts'
import { PreparedEncoder } from '../../server/tuning/prepared-encoder.ts'
import { shareRefusals } from '../../server/tuning/shared-refusals.ts'
import { writeTogether } from '../../server/tuning/write-together.ts'
import { waitFor } from '../support/wait.ts'
import { type BareSockets, bareSockets } from './bare-sockets.ts'

const offered = [
	{ id: '1-29000000', doctorId: '1', startsAt: '2025-02-19T21:20:00.000Z', endsAt: '2025-02-19T21:40:00.000Z', state: 'free' },
]

/** Sends a client's requests at once, and keeps what the client receives. */
const conversation = async (url: string) => {
	const ws = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
	const heard: string[] = []
	ws.on('message', data => heard.push(data.toString()))
	await waitFor(() => heard.length > 0, 'the transport to open')
	ws.send('40{}')
	await waitFor(() => heard.length > 1, 'the socket to be let in')
	heard.length = 0
	const stream = (ws as unknown as { _socket: Socket })._socket
	return {
		heard,
		askTogether(...frames: string[]) {
			stream.cork()
			for (const frame of frames) ws.send(frame)
			stream.uncork()
		},
		close: () => ws.terminate(),
	}
}

for (const [name, tuning] of [
	['an acknowledgement', {}],
	['a tuned acknowledgement', { connection: writeTogether, encoder: PreparedEncoder, refusals: shareRefusals() }],
] as const)
	describe(name, () => {
		let bare: BareSockets
		let talk: Awaited<ReturnType<typeof conversation>>

		before(async () => {
			bare = await bareSockets(() => ({ tuning }))
			const refusal = new Refusal('slot_booked', { extra: { alternatives: offered as never } })
			const handlers = {
				'calendar:watch': async () => {
					throw refusal
				},
				'slot:release': async (_payload: unknown, { socket }: SocketContext) =>
					new Followed({}, () => void socket.emit('calendar:presence', { doctorId: '1', viewers: 1 })),
			}
			bare.sockets.serve(handlers as unknown as EventHandlers, { connected() {}, disconnected() {}, callerChanged() {} })
		})
		beforeEach(async () => {
			talk = await conversation(bare.url)
		})
		afterEach(async () => {
			talk.close()
			await waitFor(() => bare.sockets.io.engine.clientsCount === 0, 'the connection to be gone')
		})
		after(() => bare.stop())

		it('arrives before the messages that follow it', async () => {
			for (let round = 0; round < 20; round++) {
				talk.heard.length = 0
				talk.askTogether('425["slot:release",{"slotId":"1"}]')
				await waitFor(() => talk.heard.length === 2, 'the answer and what follows it')
				expect(talk.heard.map(text => text.slice(0, 3))).to.deep.equal(['435', '42['])
			}
		})

		it('answers each request with the shared refusal under its own number', async () => {
			const watch = '["calendar:watch",{"doctorId":"1","from":"2026-01-01","to":"2026-01-02"}]'
			talk.askTogether(`421${watch}`, `427${watch}`, `42${watch}`, `4230${watch}`)
			await waitFor(() => talk.heard.length === 3, 'an answer to each that has a number')
			const answer = { ok: false, error: { code: 'slot_booked', message: new Refusal('slot_booked').message, alternatives: offered } }
			expect(talk.heard.map(text => text.slice(0, text.indexOf('[')))).to.deep.equal(['431', '437', '4330'])
			for (const text of talk.heard) expect(JSON.parse(text.slice(text.indexOf('[')))).to.deep.equal([answer])
		})
	})
