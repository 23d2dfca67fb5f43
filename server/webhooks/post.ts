import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { checkLiteral, publicLookup, type TargetRules } from './targets.ts'

export type Posted = { answerCode: number } | { error: string }

export type Post = (message: { url: string; headers: Record<string, string>; body: string }) => Promise<Posted>

/** Posts a message and reads only the status of the answer. Redirects are not followed, because they may lead anywhere. */
export function createPost({ timeoutMs = 15_000, ...rules }: TargetRules & { timeoutMs?: number }): Post {
	const lookup = publicLookup(rules)
	return ({ url: text, headers, body }) =>
		new Promise(resolve => {
			const url = new URL(text)
			try {
				checkLiteral(url, rules)
			} catch (error) {
				return resolve({ error: (error as Error).message })
			}
			const send = url.protocol === 'https:' ? requestHttps : requestHttp
			const sending = send(
				url,
				{
					method: 'POST',
					// Each message has a connection of its own, so that each is checked.
					agent: false,
					lookup,
					headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
					signal: AbortSignal.timeout(timeoutMs),
				},
				answer => {
					resolve({ answerCode: answer.statusCode ?? 0 })
					answer.destroy()
				},
			)
			sending.on('error', error => resolve({ error: reasonOf(error, timeoutMs) }))
			sending.end(body)
		})
}

function reasonOf(error: Error, timeoutMs: number): string {
	if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
	return ((error as NodeJS.ErrnoException).code ?? error.message).slice(0, 200)
}
