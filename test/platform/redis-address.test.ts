import { expect } from 'chai'
import { parseRedisAddress, RedisAddressError } from '../../server/platform/redis/address.ts'

const host = (name: string, port = 6379) => ({ host: name, port })

describe('an address of Redis', () => {
	const understood: Record<string, unknown> = {
		'redis://cache': { kind: 'single', host: host('cache'), access: { db: 0 } },
		'redis://:p%40ss:word@cache:6380/3': { kind: 'single', host: host('cache', 6380), access: { password: 'p@ss:word', db: 3 } },
		'rediss://me:secret@[::1]:6380': {
			kind: 'single',
			host: host('::1', 6380),
			access: { username: 'me', password: 'secret', tls: {}, db: 0 },
		},
		'redis+cluster://a,b:7001,c/0': { kind: 'cluster', seeds: [host('a'), host('b', 7001), host('c')], access: {} },
		'rediss+cluster://:secret@a': { kind: 'cluster', seeds: [host('a')], access: { password: 'secret', tls: {} } },
		'redis+sentinel://:secret@a,b:26380/main/2?sentinelPassword=other': {
			kind: 'sentinel',
			sentinels: [host('a', 26_379), host('b', 26_380)],
			master: 'main',
			access: { password: 'secret', db: 2 },
			sentinelPassword: 'other',
		},
	}
	for (const [text, address] of Object.entries(understood)) {
		it(`is parsed: ${text}`, () => {
			expect(parseRedisAddress(text)).to.deep.equal(address)
		})
	}

	const malformed: Record<string, RegExp> = {
		'redis://': /lacks a host/,
		'redis://a:0': /one of its hosts is malformed/,
		'redis://a:65536': /one of its hosts is malformed/,
		'redis://a,b': /must name one host/,
		'redis://%zz@a': /must be written as %25/,
		'redis+cluster://a,,b': /lacks a host/,
		'redis+cluster://a/1': /has only one/,
		'redis+sentinel://a': /the name that Sentinel has/,
		'redis+sentinel://a/main/first': /the number of a database/,
		'redis+sharded://a': /must be a Redis address/,
	}
	for (const [text, complaint] of Object.entries(malformed)) {
		it(`is refused with the reason: ${text}`, () => {
			expect(() => parseRedisAddress(text)).to.throw(RedisAddressError, complaint)
		})
	}
})
