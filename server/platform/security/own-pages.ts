import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../../config.ts'

/** Whether a request comes from a page of ours, or from no page at all. `host` is the name under which the browser knows us. */
export type IsOwnPage = (headers: IncomingHttpHeaders, host: string | undefined) => boolean

/**
 * Browsers name the origin of a request: in `Sec-Fetch-Site`, which no page can set, and in `Origin`, on all requests but those that
 * read from their own site. A request without both headers does not come from a browser, and so cannot carry another person's cookie.
 */
export function createOwnPages({ corsOrigins, publicUrl }: Pick<Config, 'corsOrigins' | 'publicUrl'>): IsOwnPage {
	const trusted = publicUrl ? [...corsOrigins, new URL(publicUrl).origin] : corsOrigins
	return ({ origin, 'sec-fetch-site': site }, host) => {
		if (origin !== undefined && trusted.includes(origin)) return true
		// A page of the same host under another scheme is `cross-site`, which the host alone does not show.
		if (site !== undefined && site !== 'same-origin') return false
		if (origin === undefined) return true
		const from = hostOf(origin)
		return from !== undefined && from === hostOf(`http://${host}`)
	}
}

const hostOf = (url: string): string | undefined => (URL.canParse(url) && new URL(url).host) || undefined
