import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { ConfigError, loadConfig } from '../../server/config.ts'

describe('loading settings', () => {
	let directory = ''
	beforeEach(() => {
		directory = mkdtempSync(path.join(tmpdir(), 'liveslot-config-'))
	})
	afterEach(() => rmSync(directory, { recursive: true, force: true }))

	const load = (env: Record<string, string> = {}) => loadConfig({ DATA_DIR: directory, ...env })

	const complaintAbout = (env: Record<string, string>): string => {
		try {
			load(env)
		} catch (error) {
			expect(error).to.be.instanceOf(ConfigError)
			return (error as Error).message
		}
		throw new Error(`accepted ${JSON.stringify(env)}`)
	}

	const malformed: Record<string, string[]> = {
		PORT: ['http', '-1', '65536', '3000.5', '0x10', ' 3000', '99999999999999999999'],
		DATABASE_URL: ['localhost:5432', 'mysql://localhost/x', 'postgres', '://'],
		DATABASE_POOL: ['0', '1', '201', 'many'],
		DATABASE_PREPARE: ['yes', 'ON'],
		REDIS_URL: ['localhost', 'http://localhost:6379', 'redis://localhost/first', 'redis://[::1'],
		MONGO_URL: ['localhost', 'redis://localhost'],
		JWT_SECRET: ['short', 'x'.repeat(31)],
		DEMO: ['true', 'yes', '2'],
		ROLE: ['both', 'WEB'],
		SMTP_URL: ['mail.example', 'http://mail.example'],
		MAIL_FROM: ['x', 'nobody', 'a@b@c', 'a@b.example\r\nBcc: all@b.example'],
		TWILIO_API_URL: ['api.twilio.com', 'ftp://api.twilio.com'],
		REMINDER_MINUTES: ['a day', '60;5', '1440,', '-5', '1.5', '1440, 5'],
		HOLD_SECONDS: ['0', '2m', '3601', '-120'],
		HOLD_SECONDS_STAFF: ['0', '5 minutes'],
		SLOT_DAYS_AHEAD: ['0', '367', 'forever'],
		CANCEL_CUTOFF_MINUTES: ['-1', '1h', '43201'],
		RATE_LIMIT: ['0', 'false', 'none'],
		WEBHOOK_PRIVATE: ['1', 'true'],
		REDIS_PREFIX: ['a:b', '{a}', 'a*', 'a b'],
		SECOND_FACTOR: ['on', 'Required'],
		TRUST_PROXY: ['true', '11'],
		PUBLIC_URL: ['clinic.example', 'ws://clinic.example'],
		LOG_LEVEL: ['loud', 'INFO'],
		CORS_ORIGIN: ['*', 'app.clinic.example', 'https://a.example,b', 'https://a.example/path'],
		METRICS_TOKEN: ['short'],
	}

	for (const [name, values] of Object.entries(malformed)) {
		it(`refuses a malformed ${name} with one line that names it`, () => {
			for (const value of values) {
				const complaint = complaintAbout({ [name]: value })
				expect(complaint).to.match(new RegExp(`^${name} must `), `${name}=${value}`)
				expect(complaint).not.to.include('\n')
			}
		})
	}

	it('names a part of the SMS settings that is missing', () => {
		expect(complaintAbout({ TWILIO_ACCOUNT_SID: 'AC1' })).to.match(/^TWILIO_AUTH_TOKEN must be set/)
		expect(complaintAbout({ TWILIO_AUTH_TOKEN: 't' })).to.match(/^TWILIO_ACCOUNT_SID must be set/)
		expect(complaintAbout({ TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 't' })).to.match(/^TWILIO_FROM must be set/)
	})

	it('asks for JWT_SECRET in production', () => {
		expect(complaintAbout({ NODE_ENV: 'production' })).to.match(/^JWT_SECRET must be set in production/)
		expect(load({ NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(32) }).jwtSecret).to.equal('x'.repeat(32))
	})

	it('refuses a DATA_DIR that is a file or below one', () => {
		const file = path.join(directory, 'file')
		writeFileSync(file, '')
		for (const wrong of [file, path.join(file, 'below')]) {
			expect(complaintAbout({ DATA_DIR: wrong })).to.match(/^DATA_DIR must /)
			expect(complaintAbout({ DATA_DIR: wrong, JWT_SECRET: 'x'.repeat(32) })).to.match(/^DATA_DIR must /)
		}
	})

	it('ignores DATA_DIR when nothing is stored there', () => {
		const external = { DATABASE_URL: 'postgres://db/x', REDIS_URL: 'redis://cache', JWT_SECRET: 'x'.repeat(32) }
		expect(load({ DATA_DIR: '/dev/null/nowhere', ...external }).dataDir).to.equal('/dev/null/nowhere')
	})

	it('has the defaults of the contract', () => {
		const config = load()
		expect(config).to.deep.include({
			production: false,
			port: 3000,
			databaseUrl: undefined,
			redisUrl: undefined,
			mongoUrl: undefined,
			demo: true,
			role: 'all',
			holdMs: 120_000,
			holdMsStaff: 300_000,
			slotDaysAhead: 60,
			rateLimit: true,
			reminderLeadMinutes: [1440, 120, 5],
		})
		expect(load({ NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(32) }).demo).to.equal(false)
	})

	it('treats an empty value as not set', () => {
		expect(load({ PORT: '', DATABASE_URL: '', RATE_LIMIT: '', CORS_ORIGIN: '' })).to.deep.include({
			port: 3000,
			rateLimit: true,
			corsOrigins: [],
		})
	})

	it('sorts lead times, largest first and without duplicates, and removes a final slash from origins', () => {
		expect(load({ REMINDER_MINUTES: '5,1440,5,60' }).reminderLeadMinutes).to.deep.equal([1440, 60, 5])
		expect(load({ CORS_ORIGIN: 'https://a.example/, http://localhost:5173' }).corsOrigins).to.deep.equal([
			'https://a.example',
			'http://localhost:5173',
		])
	})

	it('distinguishes quiet hours that are off from quiet hours that are not set', () => {
		expect(load().quietHours).to.deep.equal({ fromMinute: 1260, untilMinute: 480 })
		expect(load({ QUIET_HOURS: 'off' }).quietHours).to.equal(undefined)
		expect(load({ QUIET_HOURS: '22:30-07:00' }).quietHours).to.deep.equal({ fromMinute: 1350, untilMinute: 420 })
	})

	it('creates a secret once, keeps it for the next start, and makes it readable by its owner only', () => {
		const { jwtSecret } = load()
		expect(jwtSecret).to.have.lengthOf.at.least(32)
		expect(load().jwtSecret).to.equal(jwtSecret)
		expect(statSync(path.join(directory, 'jwt-secret')).mode & 0o077).to.equal(0)
		expect(readdirSync(directory)).to.deep.equal(['jwt-secret', 'vapid-private-key'])
	})

	it('does not use an empty secret that a full disk left behind', () => {
		writeFileSync(path.join(directory, 'jwt-secret'), '\n')
		const { jwtSecret } = load()
		expect(jwtSecret).to.have.lengthOf.at.least(32)
		expect(readFileSync(path.join(directory, 'jwt-secret'), 'utf8').trim()).to.equal(jwtSecret)
	})
})
