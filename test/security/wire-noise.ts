import fc, { type Arbitrary } from 'fast-check'
import { WebSocket } from 'ws'
import { clientEvents } from '../../contract/index.ts'
import { anyJson } from './arbitrary.ts'

export type Frame = string | Uint8Array

const json = (value: unknown): string => {
	try {
		return JSON.stringify(value) ?? ''
	} catch {
		return ''
	}
}

const eventName = fc.oneof(fc.constantFrom(...Object.keys(clientEvents), 'connect', 'disconnect', 'error', '__proto__'), fc.string())
const attachments = fc.constantFrom('', '0-', '1-', '2-', '10-', '99999-', '999999999999-', '-1-', '1e9-', '1')
const namespace = fc.constantFrom('', '/,', '/admin,', '/%00,', '/?token=x,', `/${'n'.repeat(2000)},`)
const ackId = fc.constantFrom('', '0', '1', '99999999999999999999', '-1', '00', '1.5')
const placeholder = { _placeholder: true, num: 0 }
const payload = fc.oneof(
	fc.tuple(eventName, anyJson).map(parts => json(parts)),
	fc
		.tuple(eventName, fc.constantFrom<unknown>(placeholder, { ...placeholder, num: -1 }, { ...placeholder, num: 1e9 }))
		.map(parts => json(parts)),
	anyJson.map(json),
	fc.string({ maxLength: 50 }),
)

/** Socket.IO inside Engine.IO, correct in most parts, so that the first checks pass. */
const packet = fc
	.tuple(fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', ''), attachments, namespace, ackId, payload)
	.map(([type, count, space, id, data]) => `4${type}${count}${space}${id}${data}`)

const truncated = fc.tuple(packet, fc.nat({ max: 40 })).map(([text, length]) => text.slice(0, length))

const frame: Arbitrary<Frame> = fc.oneof(
	{ weight: 5, arbitrary: packet },
	{ weight: 2, arbitrary: truncated },
	{ weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }) },
	{
		weight: 2,
		arbitrary: fc.constantFrom('2', '3', '1', '5', '6', '2probe', '3probe', '0{}', '9', '', 'b4aGVsbG8=', '\u001e', '4\u001e4'),
	},
	{ weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
)

/** The bytes of a client that has connected, or has not even done that. */
export const conversation: Arbitrary<Frame[]> = fc
	.tuple(fc.constantFrom('40', '40', '40', '40{}', '40{"token":7}', '40/admin,{}', '', '41'), fc.array(frame, { maxLength: 12 }))
	.map(([hello, frames]) => (hello === '' ? frames : [hello, ...frames]))

const settleMs = 15

/** Sends the bytes, waits a moment for their effect, and leaves with or without closing the connection properly. */
export const converse = (url: string, frames: readonly Frame[], abrupt: boolean): Promise<void> =>
	new Promise(resolve => {
		const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
		const leave = () => {
			if (abrupt) socket.terminate()
			else socket.close()
		}
		socket.on('error', () => {})
		socket.once('close', () => resolve())
		socket.once('open', () => {
			for (const each of frames) if (socket.readyState === WebSocket.OPEN) socket.send(each)
			setTimeout(leave, settleMs)
		})
	})

/** Malformed requests to Engine.IO's own address. */
export const polling = fc.record({
	method: fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'DELETE'),
	query: fc.dictionary(
		fc.constantFrom('EIO', 'transport', 'sid', 't', 'b64', 'j'),
		fc.constantFrom('4', '3', 'polling', 'websocket', '', '__proto__', 'x'.repeat(500)),
	),
	body: fc.oneof(fc.constant(undefined), fc.string({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 })),
})
