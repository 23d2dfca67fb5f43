import { expect } from 'chai'
import { EmbeddedServerError } from '../../server/platform/embedded/process.ts'
import { findRedisServer, type WaysToRedis } from '../../server/platform/embedded/redis.ts'

const fails = (message: string) => async (): Promise<never> => {
	throw new Error(`${message}\nand a long tail of output`)
}

/** A machine with these programs, on which nothing can be installed. */
const aMachine = (programs: string[], ways: Partial<WaysToRedis> = {}): WaysToRedis => ({
	onPath: program => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
	installWithApt: fails('no network'),
	buildWithoutRoot: fails('make: not found'),
	isRoot: () => true,
	...ways,
})

describe('finding a Redis server', () => {
	const find = (machine: WaysToRedis) => findRedisServer('/data', () => {}, machine)

	it('uses the installed server', async () => {
		expect(await find(aMachine(['redis-server', 'apt-get']))).to.equal('/usr/bin/redis-server')
	})

	it('installs a package as root where there are packages', async () => {
		const programs = ['apt-get']
		const installWithApt = async () => void programs.push('redis-server')
		expect(await find(aMachine(programs, { installWithApt }))).to.equal('/usr/bin/redis-server')
	})

	it('builds a server for other users, and when installing fails', async () => {
		const buildWithoutRoot = async (dataDir: string) => `${dataDir}/redis-server`
		expect(await find(aMachine(['apt-get'], { isRoot: () => false, buildWithoutRoot }))).to.equal('/data/redis-server')
		expect(await find(aMachine([], { buildWithoutRoot }))).to.equal('/data/redis-server')
		expect(await find(aMachine(['apt-get'], { buildWithoutRoot }))).to.equal('/data/redis-server')
	})

	it('says in one line what to do when there is no way', async () => {
		const error = await find(aMachine(['apt-get'])).catch(caught => caught)
		expect(error).to.be.instanceOf(EmbeddedServerError)
		expect(error.message).to.equal('Redis is missing: install redis-server, or set REDIS_URL (apt-get: no network; build: make: not found)')
	})
})
