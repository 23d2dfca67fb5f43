import { promises as dns, type LookupAddress, type LookupAllOptions, type LookupOneOptions } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { invalidInput } from '../platform/refusal.ts'

/**
 * Checks an address that an admin gives. A name that does not resolve now is accepted: each connection is checked again.
 *
 * @throws Refusal invalid_input
 */
export async function checkTarget(text: string, { allowsPrivate }: TargetRules): Promise<void> {
	const url = new URL(text)
	if (url.username || url.password) throw invalidInput('url', 'must not contain a user or a password')
	if (allowsPrivate) return
	if (url.protocol !== 'https:') throw invalidInput('url', 'must be an https address')
	const host = hostOf(url)
	if (/(^|\.)(localhost|local|internal|home\.arpa)\.?$/i.test(host)) throw invalidInput('url', notPublic)
	const addresses = isIP(host) ? [{ address: host }] : await dns.lookup(host, { all: true }).catch(() => [])
	if (!addresses.every(({ address }) => isPublic(address))) throw invalidInput('url', notPublic)
}

export type TargetRules = {
	/** Whether messages may go to addresses that only this server's network reaches. */
	allowsPrivate: boolean
}

const notPublic = 'must be an address on the public internet'

/** A message was not sent, because its target is a private address. */
export class PrivateTargetError extends Error {
	constructor() {
		super('the address is private')
	}
}

/**
 * Resolves names for a connection, and connects to what was checked: a name whose address changes in between (DNS rebinding) gains
 * nothing. Names of which any address is private are refused as a whole.
 */
export function publicLookup({ allowsPrivate }: TargetRules): LookupFunction {
	return (hostname, options, callback) => {
		dns.lookup(hostname, { family: options.family, hints: options.hints, all: true } as LookupAllOptions).then(
			found => {
				if (!allowsPrivate && !found.every(({ address }) => isPublic(address))) return callback(new PrivateTargetError(), '')
				answer(found, options as LookupOneOptions & { all?: boolean })
			},
			error => callback(error, ''),
		)

		function answer(found: LookupAddress[], { all }: { all?: boolean }) {
			if (all) return (callback as unknown as (error: null, addresses: LookupAddress[]) => void)(null, found)
			const [first] = found
			callback(null, first?.address ?? '', first?.family)
		}
	}
}

/** An address in the target itself is never looked up, so it is checked apart. @throws PrivateTargetError */
export function checkLiteral(url: URL, { allowsPrivate }: TargetRules): void {
	const host = hostOf(url)
	if (!allowsPrivate && isIP(host) && !isPublic(host)) throw new PrivateTargetError()
}

const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '')

export function isPublic(address: string): boolean {
	if (!ipaddr.isValid(address)) return false
	const parsed = ipaddr.process(address)
	if (parsed.range() !== 'unicast') return false
	// Only these addresses are given out for the internet (https://www.iana.org/assignments/ipv6-address-space); 2001:db8::/32 is for documents.
	if (parsed.kind() === 'ipv6')
		return (parsed as ipaddr.IPv6).match(globalUnicast) && !specialV6.some(range => (parsed as ipaddr.IPv6).match(range))
	return !specialV4.some(range => (parsed as ipaddr.IPv4).match(range))
}

const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]
const specialV6 = ['2001::/23', '2001:db8::/32', '3fff::/20'].map(range => ipaddr.parseCIDR(range) as [ipaddr.IPv6, number])
/** Ranges that ipaddr.js counts as unicast: this network, benchmarks, the metadata services of some clouds. */
const specialV4 = ['0.0.0.0/8', '198.18.0.0/15', '192.88.99.0/24', '168.63.129.16/32', '100.100.100.200/32'].map(
	range => ipaddr.parseCIDR(range) as [ipaddr.IPv4, number],
)
