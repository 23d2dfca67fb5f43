import { io, type Socket } from 'socket.io-client'
import type { Ack, AckOf, ClientEventName, ClientToServer, ServerToClient } from '../../contract/index.ts'
import { ApiError, getAccessToken } from './http.ts'

export type LiveSocket = Socket<ServerToClient, ClientToServer>

/** The page's one connection: the session opens it. It comes back by itself, with whatever token there is by then. */
export const socket: LiveSocket = io({
	autoConnect: false,
	transports: ['websocket', 'polling'],
	reconnectionDelay: 300,
	reconnectionDelayMax: 3000,
	timeout: 8000,
	auth: answer => {
		const token = getAccessToken()
		answer(token ? { token } : {})
	},
})

// A server that stops, or that cut this account off, has closed the connection itself: Socket.IO leaves it at that.
socket.on('disconnect', reason => {
	if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 500)
})

const ackTimeoutMs = 12_000

/** Asks over the socket. @throws ApiError */
export const ask = async <E extends ClientEventName>(
	event: E,
	payload: Parameters<ClientToServer[E]>[0],
	timeoutMs = ackTimeoutMs,
): Promise<AckOf<E>> => {
	let answer: Ack<AckOf<E>>
	try {
		answer = (await (socket as Socket).timeout(timeoutMs).emitWithAck(event, payload)) as Ack<AckOf<E>>
	} catch {
		throw new ApiError('unreachable')
	}
	if (answer.ok) return answer
	const { code, message, ...rest } = answer.error
	throw new ApiError(code, { type: '', title: message, status: 0, detail: message, code, ...rest })
}

/** Signs the connection in or out by opening it again. */
export const reopen = () => {
	socket.disconnect()
	socket.connect()
}
