import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import proxyAddress from 'proxy-addr'

/** The address of the client as the outermost of our own proxies saw it: what Express's `req.ip` is for HTTP. */
export function clientAddress(req: IncomingMessage, trustedProxies: number): string {
	return proxyAddress(req, (_address, hop) => hop < trustedProxies) ?? ''
}

/**
 * What limits by address count: an IPv4 address, or the /64 network of an IPv6 address, because a subscriber has all addresses of
 * such a network (RFC 6177).
 */
export function networkOf(ip: string): string {
	if (!ipaddr.isValid(ip)) return ip
	const address = ipaddr.process(ip.replace(/%.*$/, ''))
	if (address instanceof ipaddr.IPv4) return address.toString()
	const network = address.parts.slice(0, 4).map(part => part.toString(16))
	return `${network.join(':')}::/64`
}
