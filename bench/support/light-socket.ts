import { WebSocket } from 'ws'

/** An acknowledgement of the contract. */
// biome-ignore lint/suspicious/noExplicitAny: each benchmark knows what it asked for
export type Answer = { ok: boolean; error?: { code: string } } & Record<string, any>

export const questionOf = (event: string, payload: unknown): string => JSON.stringify([event, payload])
export const answerIn = (text: string): Answer => JSON.parse(text)[0]

/**
 * A Socket.IO client that speaks only the protocol (Engine.IO 4, Socket.IO 5, WebSocket only), so that thousands fit into a load
 * generator that shares two cores with the measured server.
 */
export class LightSocket {
	/** Receives each event as text: `["name",payload]`. */
	onEvent: (text: string) => void = () => {}
	readonly #ws: WebSocket
	readonly #waiting = new Map<number, (text: string) => void>()
	#lastId = 0

	private constructor(ws: WebSocket) {
		this.#ws = ws
	}

	static connect(url: string, token?: string, path = '/socket.io/?EIO=4&transport=websocket'): Promise<LightSocket> {
		const ws = new WebSocket(url.replace('http', 'ws') + path, { perMessageDeflate: false })
		const socket = new LightSocket(ws)
		return new Promise((resolve, reject) => {
			ws.once('error', reject)
			ws.once('close', code => reject(new Error(`closed with ${code}`)))
			ws.on('message', data => {
				const text = data.toString()
				if (text.startsWith('42')) socket.onEvent(text.slice(2))
				else if (text.startsWith('43')) socket.#answered(text)
				else if (text === '2') ws.send('3')
				else if (text.startsWith('0')) ws.send(`40${JSON.stringify(token ? { token } : {})}`)
				else if (text.startsWith('40')) resolve(socket)
				else if (text.startsWith('44')) reject(new Error(`refused: ${text}`))
			})
		})
	}

	#answered(text: string) {
		const from = text.indexOf('[')
		const id = Number(text.slice(2, from))
		const settle = this.#waiting.get(id)
		this.#waiting.delete(id)
		settle?.(text.slice(from))
	}

	/** Sends a request, and waits for the acknowledgement. */
	async ask(event: string, payload: unknown): Promise<Answer> {
		return answerIn(await this.askAsText(questionOf(event, payload)))
	}

	/** The same with little work during a measurement: the caller encodes the request before, and decodes the answer later. */
	askAsText(question: string): Promise<string> {
		return new Promise(resolve => {
			const id = ++this.#lastId
			this.#waiting.set(id, resolve)
			this.#ws.send(`42${id}${question}`)
		})
	}

	/** Sends an event that needs no acknowledgement. */
	say(event: string, payload: unknown) {
		this.#ws.send(`42${JSON.stringify([event, payload])}`)
	}

	close() {
		this.#ws.terminate()
	}
}

/** Opens `count` sockets, a few at a time. */
export const connectMany = async (
	count: number,
	connect: (index: number) => Promise<LightSocket>,
	atOnce = 100,
): Promise<LightSocket[]> => {
	const sockets: LightSocket[] = []
	for (let from = 0; from < count; from += atOnce) {
		const size = Math.min(atOnce, count - from)
		sockets.push(...(await Promise.all(Array.from({ length: size }, (_, index) => connect(from + index)))))
	}
	return sockets
}

/** Returns the answer. @throws Error with the refusal */
export const granted = (answer: Answer): Answer => {
	if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer.error)}`)
	return answer
}
