import { createECDH, randomBytes } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { parseRedisAddress, RedisAddressError } from './platform/redis/address.ts'

const onOff = z.enum(['on', 'off'], 'must be on or off').transform(value => value === 'on')
const flag = z.enum(['0', '1'], 'must be 0 or 1').transform(value => value === '1')

const redisUrl = z.string().superRefine((text, context) => {
	try {
		parseRedisAddress(text)
	} catch (error) {
		if (!(error instanceof RedisAddressError)) throw error
		context.addIssue(error.message)
	}
})

const leadMinutes = z
	.string()
	.regex(/^\d{1,5}(,\d{1,5})*$/, 'must be whole minutes separated by commas, such as 1440,120,5')
	.transform(text => [...new Set(text.split(',').map(Number))].sort((a, b) => b - a))

const clockMinute = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

const quietHours = z
	.string()
	.regex(/^(off|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$/, 'must be two times of day, such as 21:00-08:00, or off')
	// Null, because undefined would mean the default.
	.transform(text => (text === 'off' ? null : { fromMinute: clockMinute(text.slice(0, 5)), untilMinute: clockMinute(text.slice(6)) }))

const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text

const origins = z
	.string()
	.transform(text => text.split(',').map(origin => origin.trim().replace(/\/$/, '')))
	.refine(list => list.every(isOrigin), 'must be origins separated by commas, such as https://app.clinic.example')

const Environment = z.object({
	NODE_ENV: z.string().optional(),
	PORT: whole(0, 65535).default(3000),
	DATA_DIR: z.string().default('.data'),
	DATABASE_URL: url('a PostgreSQL address', 'postgres', 'postgresql').optional(),
	MIGRATION_DATABASE_URL: url('a PostgreSQL address', 'postgres', 'postgresql').optional(),
	DATABASE_POOL: whole(2, 200).default(10),
	DATABASE_PREPARE: onOff.default(true),
	REDIS_URL: redisUrl.optional(),
	REDIS_PREFIX: z
		.string()
		.regex(/^[\w-]{1,40}$/, 'must be letters, digits, - or _, such as clinic-a')
		.optional(),
	MONGO_URL: url('a MongoDB address', 'mongodb', 'mongodb+srv').optional(),
	JWT_SECRET: z.string().min(32, 'must be at least 32 characters of randomness').optional(),
	DEMO: flag.optional(),
	ROLE: z.enum(['web', 'worker', 'all', 'migrate'], 'must be web, worker, all or migrate').default('all'),
	SMTP_URL: url('a mail server', 'smtp', 'smtps').optional(),
	MAIL_FROM: z
		.string()
		.regex(/^([^\r\n@<>]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/, 'must be an address, such as Liveslot <no-reply@clinic.example>')
		.default('Liveslot <no-reply@clinic.example>'),
	TWILIO_ACCOUNT_SID: z.string().optional(),
	TWILIO_AUTH_TOKEN: z.string().optional(),
	TWILIO_FROM: z.string().optional(),
	TWILIO_API_URL: url('an HTTP address', 'https', 'http').default('https://api.twilio.com'),
	OIDC_ISSUER: url('the address of an OpenID Connect issuer', 'https', 'http').optional(),
	OIDC_CLIENT_ID: z.string().optional(),
	OIDC_CLIENT_SECRET: z.string().optional(),
	OIDC_ROLE_CLAIM: z.string().optional(),
	VAPID_PUBLIC_KEY: z.string().optional(),
	VAPID_PRIVATE_KEY: z.string().optional(),
	REMINDER_MINUTES: leadMinutes.default([1440, 120, 5]),
	QUIET_HOURS: quietHours.default({ fromMinute: 21 * 60, untilMinute: 8 * 60 }),
	AUDIT_RETENTION_DAYS: whole(30, 36_500, ' of days').default(365),
	HOLD_SECONDS: whole(1, 3600, ' of seconds').default(120),
	HOLD_SECONDS_STAFF: whole(1, 3600, ' of seconds').default(300),
	SLOT_DAYS_AHEAD: whole(1, 366, ' of days').default(60),
	CANCEL_CUTOFF_MINUTES: whole(0, 43_200, ' of minutes').default(0),
	RATE_LIMIT: onOff.default(true),
	WEBHOOK_PRIVATE: onOff.default(false),
	SECOND_FACTOR: z.enum(['optional', 'required'], 'must be optional or required').default('optional'),
	SLOW_CLIENT_SECONDS: whole(1, 300, ' of seconds').default(15),
	TRUST_PROXY: whole(0, 10, ' of proxies').default(0),
	PUBLIC_URL: url('the address that browsers use', 'https', 'http').optional(),
	LOG_LEVEL: z
		.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'must be fatal, error, warn, info, debug, trace or silent')
		.default('info'),
	CORS_ORIGIN: origins.optional(),
	METRICS_TOKEN: z.string().min(16, 'must be at least 16 characters').optional(),
	ADMIN_PASSWORD: z.string().optional(),
	OTEL_EXPORTER_OTLP_ENDPOINT: url('an OTLP/HTTP receiver', 'http', 'https').optional(),
	OTEL_TRACES_SAMPLER_ARG: z
		.string()
		.regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a share from 0 to 1, such as 0.1')
		.transform(Number)
		.default(1),
	OTEL_SERVICE_NAME: z.string().default('liveslot'),
})

type Environment = z.infer<typeof Environment>

/** The variables that the process reads. */
export const settingNames: readonly string[] = Object.keys(Environment.shape)

/** All settings of the process, checked once. Durations have their unit in the name. */
export type Config = Readonly<{
	production: boolean
	port: number
	/** The directory of embedded servers and generated secrets, as an absolute path. */
	dataDir: string
	databaseUrl: string | undefined
	/** The owner of the tables, for migrations only. The server's own role then needs no right to change the schema. */
	migrationDatabaseUrl: string | undefined
	databasePoolSize: number
	/** Whether to use named prepared statements; false behind a pooler in transaction mode that does not support them. */
	databasePrepare: boolean
	redisUrl: string | undefined
	/** Begins every key and channel in Redis, so that installations may share one. Empty unless set. */
	redisPrefix: string
	mongoUrl: string | undefined
	jwtSecret: string
	demo: boolean
	role: Environment['ROLE']
	smtpUrl: string | undefined
	mailFrom: string
	twilio: { accountSid: string; authToken: string; from: string; apiUrl: string } | undefined
	/** The clinic's identity provider; `roleClaim` names the claim that holds the roles of new staff. */
	oidc: { issuer: string; clientId: string; clientSecret: string; roleClaim: string | undefined } | undefined
	/** The keys that web push messages are signed with (VAPID, RFC 8292). */
	vapid: { publicKey: string; privateKey: string } | undefined
	reminderLeadMinutes: readonly number[]
	/** The minutes of the patient's day between which no message may be sent that makes a phone ring. */
	quietHours: { fromMinute: number; untilMinute: number } | undefined
	auditRetentionDays: number
	holdMs: number
	holdMsStaff: number
	slotDaysAhead: number
	cancelCutoffMs: number
	rateLimit: boolean
	/** Whether webhooks may go to addresses that only the server's own network reaches. */
	allowsPrivateWebhooks: boolean
	/** Whether staff may work before they have set up a second factor. */
	secondFactor: Environment['SECOND_FACTOR']
	/** How long a client may take to send its headers, or a new socket to say what it wants. A whole request may take twice as long. */
	slowClientMs: number
	trustedProxies: number
	publicUrl: string | undefined
	logLevel: Environment['LOG_LEVEL']
	corsOrigins: readonly string[]
	metricsToken: string | undefined
	/** The receiver of traces, the share that is kept, and the service's name. The variables are OpenTelemetry's own. */
	traces: { endpoint: string | undefined; ratio: number; serviceName: string }
}>

/** A setting is missing or malformed. The message is one line that names the variable. */
export class ConfigError extends Error {}

const unusableDataDir = 'DATA_DIR must be a directory that can be written to'

/**
 * Reads and checks the settings.
 *
 * @throws ConfigError with one line that names the variable and what it must be
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
	const read = readEnvironment(env)
	const production = read.NODE_ENV === 'production'
	const dataDir = path.resolve(read.DATA_DIR)
	if (production && !read.JWT_SECRET) throw new ConfigError('JWT_SECRET must be set in production: at least 32 characters of randomness')
	if (read.MIGRATION_DATABASE_URL && !read.DATABASE_URL)
		throw new ConfigError('DATABASE_URL must be set together with MIGRATION_DATABASE_URL')
	const embedsServers = !read.DATABASE_URL || !read.REDIS_URL
	if (embedsServers && !isUsable(dataDir)) throw new ConfigError(unusableDataDir)
	return Object.freeze({
		production,
		port: read.PORT,
		dataDir,
		databaseUrl: read.DATABASE_URL,
		migrationDatabaseUrl: read.MIGRATION_DATABASE_URL,
		databasePoolSize: read.DATABASE_POOL,
		databasePrepare: read.DATABASE_PREPARE,
		redisUrl: read.REDIS_URL,
		redisPrefix: read.REDIS_PREFIX ? `${read.REDIS_PREFIX}:` : '',
		mongoUrl: read.MONGO_URL,
		jwtSecret: read.JWT_SECRET ?? storedSecret(dataDir, 'jwt-secret'),
		demo: read.DEMO ?? !production,
		role: read.ROLE,
		smtpUrl: read.SMTP_URL,
		mailFrom: read.MAIL_FROM,
		twilio: twilioSettings(read),
		oidc: oidcSettings(read, production),
		vapid: vapidKeys(read, dataDir, production),
		reminderLeadMinutes: read.REMINDER_MINUTES,
		quietHours: read.QUIET_HOURS ?? undefined,
		auditRetentionDays: read.AUDIT_RETENTION_DAYS,
		holdMs: read.HOLD_SECONDS * 1000,
		holdMsStaff: read.HOLD_SECONDS_STAFF * 1000,
		slotDaysAhead: read.SLOT_DAYS_AHEAD,
		cancelCutoffMs: read.CANCEL_CUTOFF_MINUTES * 60_000,
		rateLimit: read.RATE_LIMIT,
		allowsPrivateWebhooks: read.WEBHOOK_PRIVATE,
		secondFactor: read.SECOND_FACTOR,
		slowClientMs: read.SLOW_CLIENT_SECONDS * 1000,
		trustedProxies: read.TRUST_PROXY,
		publicUrl: read.PUBLIC_URL?.replace(/\/$/, ''),
		logLevel: read.LOG_LEVEL,
		corsOrigins: read.CORS_ORIGIN ?? [],
		metricsToken: read.METRICS_TOKEN,
		traces: {
			endpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
			ratio: read.OTEL_TRACES_SAMPLER_ARG,
			serviceName: read.OTEL_SERVICE_NAME,
		},
	})
}

/** The settings of operating commands: the database's address, and no secrets of a node. */
export type OperationSettings = Pick<Config, 'databaseUrl' | 'dataDir' | 'slotDaysAhead'> & Readonly<{ adminPassword: string | undefined }>

/** @throws ConfigError with one line that names the variable and what it must be */
export function loadOperationSettings(env: NodeJS.ProcessEnv): OperationSettings {
	const read = readEnvironment(env)
	return Object.freeze({
		databaseUrl: read.DATABASE_URL,
		dataDir: path.resolve(read.DATA_DIR),
		slotDaysAhead: read.SLOT_DAYS_AHEAD,
		adminPassword: read.ADMIN_PASSWORD,
	})
}

function readEnvironment(env: NodeJS.ProcessEnv): Environment {
	// An empty value means "not set", because compose files and hosting panels write it that way.
	const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
	const parsed = Environment.safeParse(given)
	if (parsed.success) return parsed.data
	const issue = parsed.error.issues[0]
	throw new ConfigError(`${issue?.path.join('.') ?? 'environment'} ${issue?.message ?? 'is malformed'}`)
}

function whole(min: number, max: number, unit = '') {
	return z
		.string()
		.regex(/^\d+$/, `must be a whole number${unit} from ${min} to ${max}`)
		.transform(Number)
		.refine(value => value >= min && value <= max, `must be a whole number${unit} from ${min} to ${max}`)
}

function url(what: string, ...schemes: string[]) {
	return z
		.string()
		.refine(
			text => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)),
			`must be ${what}, such as ${schemes[0]}://…`,
		)
}

/** Whether the directory is writable or can be created. */
function isUsable(directory: string): boolean {
	if (!existsSync(directory)) return isUsable(path.dirname(directory))
	try {
		accessSync(directory, constants.W_OK)
		return statSync(directory).isDirectory()
	} catch {
		return false
	}
}

/** Returns a secret that survives restarts: read from `DATA_DIR`, created on first use, readable by its owner only. */
function storedSecret(dataDir: string, name: string, make = () => randomBytes(48).toString('base64url')): string {
	const file = path.join(dataDir, name)
	const stored = readSecret(file)
	if (stored) return stored
	const secret = make()
	try {
		mkdirSync(dataDir, { recursive: true })
		writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600 })
		renameSync(`${file}.new`, file)
		return secret
	} catch {
		throw new ConfigError(unusableDataDir)
	}
}

function readSecret(file: string): string | undefined {
	try {
		// A full disk or a crash can leave an empty file, which must not be used as a secret.
		return readFileSync(file, 'utf8').trim() || undefined
	} catch {
		return undefined
	}
}

function twilioSettings(env: Environment): Config['twilio'] {
	const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from, TWILIO_API_URL: apiUrl } = env
	if (!accountSid && !authToken && !from) return undefined
	if (!accountSid) throw new ConfigError('TWILIO_ACCOUNT_SID must be set when SMS is configured')
	if (!authToken) throw new ConfigError('TWILIO_AUTH_TOKEN must be set when SMS is configured')
	if (!from) throw new ConfigError('TWILIO_FROM must be set when SMS is configured')
	return { accountSid, authToken, from, apiUrl }
}

function oidcSettings(env: Environment, production: boolean): Config['oidc'] {
	const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret, OIDC_ROLE_CLAIM: roleClaim } = env
	if (!issuer && !clientId && !clientSecret && !roleClaim) return undefined
	if (!issuer) throw new ConfigError('OIDC_ISSUER must be set when an identity provider is configured')
	if (!clientId) throw new ConfigError('OIDC_CLIENT_ID must be set together with OIDC_ISSUER')
	if (!clientSecret) throw new ConfigError('OIDC_CLIENT_SECRET must be set together with OIDC_ISSUER')
	if (production && !issuer.startsWith('https:')) throw new ConfigError('OIDC_ISSUER must be an https address in production')
	return { issuer, clientId, clientSecret, roleClaim }
}

/**
 * Returns a key pair on the curve P-256, as RFC 8292 asks. Without a setting it is generated once into `DATA_DIR`, but not in
 * production.
 */
function vapidKeys(env: Environment, dataDir: string, production: boolean): Config['vapid'] {
	const { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey } = env
	if (publicKey && privateKey) return { publicKey, privateKey }
	if (publicKey) throw new ConfigError('VAPID_PRIVATE_KEY must be set together with VAPID_PUBLIC_KEY')
	if (privateKey) throw new ConfigError('VAPID_PUBLIC_KEY must be set together with VAPID_PRIVATE_KEY')
	// In production nodes share only their settings, so push is off without keys. It is also off where no generated keys can be kept.
	if (production || !isUsable(dataDir)) return undefined
	const pair = createECDH('prime256v1')
	const stored = storedSecret(dataDir, 'vapid-private-key', () => {
		pair.generateKeys()
		// Pads a short number to 32 bytes, which push services expect.
		return Buffer.from(pair.getPrivateKey('hex').padStart(64, '0'), 'hex').toString('base64url')
	})
	pair.setPrivateKey(Buffer.from(stored, 'base64url'))
	return { publicKey: pair.getPublicKey('base64url'), privateKey: stored }
}
