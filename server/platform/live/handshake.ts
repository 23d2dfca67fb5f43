import type { IncomingHttpHeaders } from 'node:http'

type Handshake = { headers: IncomingHttpHeaders; address: string }

const listOf = (header: string | string[] | undefined) =>
	String(header ?? '')
		.split(',')
		.map(part => part.trim())

/** Who knocks, as seen by the outermost of the proxies that we trust. Express does the same for calls. */
export const clientOf = ({ headers, address }: Handshake, trustedProxies: number): string =>
	(trustedProxies > 0 && listOf(headers['x-forwarded-for']).at(-trustedProxies)) || address

/** The host that the browser asked for. */
export const hostOf = ({ headers }: Pick<Handshake, 'headers'>, trustedProxies: number): string | undefined =>
	(trustedProxies > 0 && listOf(headers['x-forwarded-host'])[0]) || headers.host
