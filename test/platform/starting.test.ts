import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { freshStores } from '../support/servers.ts'
import { aProcess, processesOn, type ServerProcess, until } from './a-process.ts'
import { aWire } from './a-wire.ts'

const aRegistration = (email: string) => ({
	method: 'POST',
	headers: { 'content-type': 'application/json' },
	body: JSON.stringify({ email, password: 'a long enough password', fullName: 'Ada Lovelace' }),
})
const register = (url: string, email: string) => fetch(`${url}/api/v1/auth/register`, aRegistration(email))

describe('the server as a process', function () {
	this.timeout(60_000)
	let directory = ''
	const running: ServerProcess[] = []

	const start = (settings: Record<string, string> = {}) => {
		const started = aProcess({ DATA_DIR: directory, ...settings })
		running.push(started)
		return started
	}

	const nothingStays = () => until('nothing stays behind', () => processesOn(directory).length === 0)
	/** A node that exits normally has stopped its servers first. Only their guards' shells end a moment later. */
	const everythingIsStopped = async () => {
		expect(processesOn(directory).filter(line => !line.includes('read -r called_off'))).to.deep.equal([])
		await nothingStays()
	}

	beforeEach(() => {
		directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'liveslot-main-')))
	})
	afterEach(async () => {
		for (const { child } of running) child.kill('SIGTERM')
		await Promise.all(running.splice(0).map(({ exit }) => exit))
		await until('everything stops', () => processesOn(directory).length === 0, 20_000)
		rmSync(directory, { recursive: true, force: true })
	})

	it('starts its own PostgreSQL and Redis, and on SIGTERM stops them and exits with 0', async () => {
		const server = start()
		const ready = await fetch(`${await server.url}/readyz`)
		expect(ready.status).to.equal(200)
		expect(processesOn(directory).join('\n'))
			.to.match(/postgres/)
			.and.match(/redis-server/)
		server.child.kill('SIGTERM')
		const { code, stderr } = await server.exit
		expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
		await everythingIsStopped()
	})

	it('prints a link that opens the first admin’s account, and none once there is an admin', async () => {
		const server = start()
		await server.url
		await server.says('/first-admin?token=')
		server.child.kill('SIGTERM')
		const { stdout } = await server.exit
		const [, link = ''] = /open the first account on (\S+)/.exec(stdout) ?? []

		// Each start prints another link; those of before still work.
		const again = start()
		const url = await again.url
		await again.says('/first-admin?token=')
		const body = {
			token: new URL(link).searchParams.get('token'),
			email: 'first@clinic.example',
			password: 'long enough for it',
			fullName: 'A',
		}
		const opened = await fetch(`${url}/api/v1/auth/first-admin`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		})
		expect(opened.status).to.equal(201)
		again.child.kill('SIGTERM')
		await again.exit

		const third = start()
		await third.url
		third.child.kill('SIGTERM')
		expect((await third.exit).stdout).not.to.include('first-admin')
	})

	/** Suspends a process, which keeps its connections and answers nothing. */
	const stall = () => {
		const [redis = 0] = readFileSync(path.join(directory, 'redis', 'redis.pid'), 'utf8')
			.split(' ')
			.map(Number)
		process.kill(redis, 'SIGSTOP')
	}

	it('stops within seconds and exits with 0 when Redis does not answer', async () => {
		const server = start()
		await server.url
		stall()
		const begun = performance.now()
		server.child.kill('SIGTERM')
		const { code, stderr } = await server.exit
		expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
		expect(performance.now() - begun).to.be.below(9000)
		await everythingIsStopped()
	})

	describe('the server after an uncaught error', () => {
		/** Makes the process throw, or leave a rejection unhandled, on a signal. */
		const withFault = (fault: string) => {
			const file = path.join(directory, 'fault.mjs')
			writeFileSync(file, `process.on('SIGUSR2', () => { ${fault} })`)
			return start({ NODE_OPTIONS: `--import=${pathToFileURL(file)}`, LOG_LEVEL: 'info' })
		}

		for (const [name, fault] of [
			['an exception', `throw new Error('as planned')`],
			['a rejection', `Promise.reject(new Error('as planned'))`],
		] as const)
			it(`logs ${name} in one line, stops in order, and exits with 1`, async () => {
				const server = withFault(fault)
				await server.url
				server.child.kill('SIGUSR2')
				const { code, stdout, stderr } = await server.exit
				expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' })
				const told = stdout.split('\n').filter(line => line.includes('as planned'))
				expect(told).to.have.length(1)
				expect(JSON.parse(told[0] as string)).to.deep.include({ level: 60, msg: 'error that nothing caught; stopping' })
				await everythingIsStopped()
			})
	})

	it('only updates the database in the role `migrate`, and exits with 0', async () => {
		const { code, stdout, stderr } = await start({ ROLE: 'migrate' }).exit
		expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
		expect(stdout).to.equal('The database is up to date\n')
		await everythingIsStopped()
	})

	it('also takes its role as an argument, for hosts that set only commands', async () => {
		const asked = aProcess({ DATA_DIR: directory, ROLE: 'web' }, ['cleaner'])
		const { code, stderr } = await asked.exit
		expect({ code, stderr }).to.deep.equal({ code: 1, stderr: 'ROLE must be web, worker, all or migrate\n' })
	})

	it('stops on request while it is still starting', async () => {
		const server = start()
		await until('PostgreSQL is being prepared', () => readdirSync(directory).includes('postgres'))
		server.child.kill('SIGTERM')
		expect((await server.exit).code).to.equal(0)
		await everythingIsStopped()
		const again = start()
		expect((await fetch(`${await again.url}/readyz`)).status).to.equal(200)
	})

	it('finds its data at the next start, after a stop and after a kill -9, and leaves no process behind', async () => {
		const first = start()
		expect((await register(await first.url, 'ada@example.com')).status).to.equal(201)
		first.child.kill('SIGTERM')
		await first.exit

		const second = start()
		expect((await register(await second.url, 'ada@example.com')).status).to.equal(409)
		expect((await register(await second.url, 'bea@example.com')).status).to.equal(201)
		second.child.kill('SIGKILL')
		await second.exit

		const third = start()
		expect((await register(await third.url, 'bea@example.com')).status).to.equal(409)
		third.child.kill('SIGKILL')
		await third.exit
		await until('PostgreSQL and Redis follow their node', () => processesOn(directory).length === 0)
	})

	it('runs beside another server on its own directory, and stops on Ctrl-C', async () => {
		const one = start({ DATA_DIR: path.join(directory, 'one') })
		const other = start({ DATA_DIR: path.join(directory, 'other') })
		expect((await register(await one.url, 'ada@example.com')).status).to.equal(201)
		expect((await register(await other.url, 'ada@example.com')).status).to.equal(201)
		other.child.kill('SIGKILL')
		await other.exit
		expect((await register(await one.url, 'bea@example.com')).status).to.equal(201)
		one.child.kill('SIGINT')
		expect((await one.exit).code).to.equal(0)
	})

	it('does not disturb another server on the same directory, and says so in one line', async () => {
		const first = start()
		const url = await first.url
		const { code, stderr } = await start().exit
		expect(code).to.equal(1)
		expect(stderr).to.match(/^DATA_DIR is in use by another instance[^\n]*\n$/)
		expect((await fetch(`${url}/readyz`)).status).to.equal(200)
		expect((await register(url, 'ada@example.com')).status).to.equal(201)
	})

	it('says in one line that its port is taken, and exits with 1', async () => {
		const holder = createServer()
		await new Promise<void>(resolve => holder.listen(0, resolve))
		const { port } = holder.address() as { port: number }
		const { code, stderr } = await start({ PORT: String(port) }).exit
		holder.close()
		expect(code).to.equal(1)
		expect(stderr).to.match(/^PORT [^\n]*\n$/)
		await nothingStays()
	})

	it('names a malformed setting in one line, and exits with 1 before it starts anything', async () => {
		const { code, stdout, stderr } = await start({ HOLD_SECONDS: 'two minutes' }).exit
		expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
		expect(stderr).to.equal('HOLD_SECONDS must be a whole number of seconds from 1 to 3600\n')
		expect(readdirSync(directory)).to.deep.equal([])
	})

	describe('the server started before its stores', () => {
		let stores: Awaited<ReturnType<typeof freshStores>>
		before(async () => {
			stores = await freshStores()
		})
		after(() => stores.drop())

		const settingsOf = (elsewhere: { databaseUrl?: string; redisUrl?: string }) => {
			const { databaseUrl, redisUrl } = { ...stores, ...elsewhere }
			return { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl }
		}

		for (const [name, address] of [
			['PostgreSQL', 'databaseUrl'],
			['Redis', 'redisUrl'],
		] as const) {
			const waiting = `${name} cannot be reached yet: waiting for it\n`

			it(`waits for ${name}, says so once, and continues once it answers`, async () => {
				const wire = await aWire(stores[address])
				await wire.cut()
				const server = start(settingsOf({ [address]: wire.url }))
				await server.says(waiting)
				await wire.mend()
				expect((await fetch(`${await server.url}/readyz`)).status).to.equal(200)
				server.child.kill('SIGTERM')
				const { code, stdout, stderr } = await server.exit
				expect({ code, stderr, waits: stdout.split(waiting).length - 1 }).to.deep.equal({ code: 0, stderr: '', waits: 1 })
				await wire.stop()
			})

			it(`stops at once on request while it waits for ${name}`, async () => {
				const wire = await aWire(stores[address])
				await wire.stop()
				const server = start(settingsOf({ [address]: wire.url }))
				await server.says(waiting)
				server.child.kill('SIGTERM')
				expect(await server.exit).to.include({ code: 0, stderr: '' })
			})
		}

		it('does not wait for a PostgreSQL that refuses', async () => {
			const { pathname } = new URL(stores.databaseUrl)
			const url = stores.databaseUrl.replace(pathname, '/no_such_database')
			const { code, stdout, stderr } = await start(settingsOf({ databaseUrl: url })).exit
			expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
			expect(stderr).to.equal('PostgreSQL says no: database "no_such_database" does not exist\n')
		})
	})

	it('says what to do when PostgreSQL cannot be prepared, and stops what it has started', async () => {
		writeFileSync(path.join(directory, 'postgres'), 'in the way')
		const { code, stderr } = await start().exit
		expect(code).to.equal(1)
		expect(stderr).to.match(/^[^\n]+\n$/)
		await nothingStays()
	})
})
