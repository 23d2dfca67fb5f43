import type { RedisOptions } from 'ioredis'

/**
 * Parses `redis[s]://`, `redis[s]+sentinel://` and `redis[s]+cluster://`. Not with `URL`, which allows only one host.
 *
 * @throws RedisAddressError
 */
export function parseRedisAddress(text: string): RedisAddress {
	const parts =
		/^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^@/]*)@)?(?<hosts>[^/?#@]*)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/.exec(
			text,
		)
	if (!parts?.groups) throw new RedisAddressError(forms)
	const { tls, kind, user = '', hosts = '', path = '', query = '' } = parts.groups
	const [username = '', ...password] = user.split(':')
	const access: Access = {
		...(username && { username: decode(username) }),
		...(password.length > 0 && { password: decode(password.join(':')) }),
		...(tls && { tls: {} }),
	}
	const hostList = (port: number) => hosts.split(',').map(host => parseHost(host, port))
	if (kind === 'cluster') {
		if (path && path !== '0') throw new RedisAddressError('must not end in the number of a database: a Redis Cluster has only one')
		return { kind, seeds: hostList(6379), access }
	}
	if (kind === 'sentinel') {
		const { master, db } = sentinelPath(path)
		const sentinelPassword = new URLSearchParams(query).get('sentinelPassword') ?? undefined
		return { kind, sentinels: hostList(26_379), master, access: { ...access, db }, sentinelPassword }
	}
	if (hosts.includes(','))
		throw new RedisAddressError('must name one host, or say what several are: redis+cluster://… or redis+sentinel://…')
	return { kind: 'single', host: parseHost(hosts, 6379), access: { ...access, db: databaseNumber(path) } }
}

/** What a connection needs to know of its server, apart from the server's address. */
type Access = Pick<RedisOptions, 'username' | 'password' | 'db' | 'tls'>
type Host = { host: string; port: number }

export type RedisAddress =
	| { kind: 'single'; host: Host; access: Access }
	| { kind: 'sentinel'; sentinels: Host[]; master: string; access: Access; sentinelPassword: string | undefined }
	| { kind: 'cluster'; seeds: Host[]; access: Access }

/** An address that cannot be parsed. The message says what the address must be, for use after the setting's name. */
export class RedisAddressError extends Error {}

const forms =
	'must be a Redis address, such as redis://host:6379/0, redis+sentinel://host:26379,host:26379/mymaster or redis+cluster://host:6379,host:6379 (rediss for TLS)'

function decode(text: string): string {
	try {
		return decodeURIComponent(text)
	} catch {
		throw new RedisAddressError(`${forms}; its user or password has a % that must be written as %25`)
	}
}

function parseHost(text: string, defaultPort: number): Host {
	const { v6, name, port } = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[^\s:[\]@/?#]+))(?::(?<port>\d{1,5}))?$/i.exec(text)?.groups ?? {}
	const host = v6 ?? name
	const number = Number(port ?? defaultPort)
	if (!host || number < 1 || number > 65_535)
		throw new RedisAddressError(`${forms}; ${text ? 'one of its hosts is malformed' : 'it lacks a host'}`)
	return { host, port: number }
}

function sentinelPath(path: string) {
	const [master = '', database = '', ...rest] = path.split('/').map(decode)
	if (!master || rest.length > 0)
		throw new RedisAddressError('must end in the name that Sentinel has for the master, such as redis+sentinel://host:26379/mymaster')
	return { master, db: databaseNumber(database) }
}

function databaseNumber(text: string): number {
	if (!/^\d*$/.test(text)) throw new RedisAddressError('must end in the number of a database or nothing, such as redis://host:6379/0')
	return Number(text)
}
