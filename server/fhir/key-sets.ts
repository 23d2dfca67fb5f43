import { lookup as resolveName } from 'node:dns'
import { request } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

export type Jwks = { keys: Record<string, unknown>[] }

/**
 * Reads key sets by their address, and remembers them for a minute. An address that leads into our own network is not asked, and a
 * redirect is not followed: the program's owner chooses the address, and must not reach through us what only we can reach.
 */
export function createKeySets(): (url: string) => Promise<Jwks> {
	const known = new LRUCache<string, Promise<Jwks>>({ max: 200, ttl: 60_000 })
	return url => {
		const reading = known.get(url) ?? read(url)
		known.set(url, reading, { noUpdateTTL: true })
		reading.catch(() => known.delete(url))
		return reading
	}
}

const timeoutMs = 3000
const maxBytes = 64 * 1024

function read(address: string): Promise<Jwks> {
	const url = new URL(address)
	const host = url.hostname.replace(/^\[|\]$/g, '')
	if (url.protocol !== 'https:' || (isIP(host) && !isPublic(host))) throw new Error('not a public address')
	return new Promise((resolve, reject) => {
		// The name is resolved once, and the address that was checked is the one that is connected to.
		const asked = request(url, { lookup: lookUpPublic, timeout: timeoutMs, headers: { accept: 'application/json' } }, answer => {
			if (answer.statusCode !== 200) return void asked.destroy(new Error(`answered ${answer.statusCode}`))
			const parts: Buffer[] = []
			let bytes = 0
			answer.on('data', (part: Buffer) => {
				bytes += part.length
				if (bytes > maxBytes) asked.destroy(new Error('too long'))
				else parts.push(part)
			})
			answer.on('end', () => {
				try {
					const jwks = JSON.parse(Buffer.concat(parts).toString('utf8'))
					if (!Array.isArray(jwks?.keys)) throw new Error('no key set')
					resolve(jwks)
				} catch (error) {
					reject(error)
				}
			})
			answer.on('error', reject)
		})
		const deadline = setTimeout(() => asked.destroy(new Error('too slow')), timeoutMs)
		asked.on('close', () => clearTimeout(deadline))
		asked.on('timeout', () => asked.destroy(new Error('too slow')))
		asked.on('error', reject)
		asked.end()
	})
}

const lookUpPublic: LookupFunction = (host, options, answer) => {
	resolveName(host, { ...options, all: true }, (error, found) => {
		if (error) return answer(error, '', 4)
		const [first] = found
		if (!first || !found.every(({ address }) => isPublic(address))) return answer(new Error('not a public address'), '', 4)
		if (options.all) answer(null, found as never)
		else answer(null, first.address, first.family)
	})
}

export function isPublic(address: string): boolean {
	const parsed = ipaddr.process(address)
	return parsed.range() === 'unicast'
}
