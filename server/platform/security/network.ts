import { isIPv6 } from 'node:net'

/** The eight groups of an IPv6 address, with what `::` leaves out. */
const groupsOf = (address: string): string[] => {
	const [head = '', tail] = address.split('::')
	const [before, after] = [head, tail ?? ''].map(part => part.split(':').filter(Boolean)) as [string[], string[]]
	return tail === undefined ? before : [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}

/**
 * What limits by address count: an IPv4 address, or the /64 of an IPv6 one, as whoever has one address there has all of them
 * (RFC 6177).
 */
export const networkOf = (ip: string): string => {
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
	if (mapped) return mapped
	if (!isIPv6(ip) || ip.includes('.')) return ip
	const groups = groupsOf(ip.replace(/%.*$/, '')).slice(0, 4)
	return `${groups.map(group => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
