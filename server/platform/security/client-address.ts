import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import proxyAddress from 'proxy-addr'

/** Returns the client's address as our outermost proxy saw it, like Express's `req.ip` for HTTP. */
export function clientAddress(req: IncomingMessage, trustedProxies: number): string {
	return proxyAddress(req, (_address, hop) => hop < trustedProxies) ?? ''
}

/**
 * Returns what limits by address count: an IPv4 address, or the /64 network of an IPv6 address, because one subscriber has all
 * addresses of such a network (RFC 6177).
 */
export function networkOf(ip: string): string {
	if (!ipaddr.isValid(ip)) return ip
	const address = ipaddr.process(ip.replace(/%.*$/, ''))
	if (address instanceof ipaddr.IPv4) return address.toString()
	const network = address.parts.slice(0, 4).map(part => part.toString(16))
	return `${network.join(':')}::/64`
}
