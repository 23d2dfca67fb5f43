import { parse as parseToml } from 'smol-toml'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { type Findings, lintSettings } from './linters.ts'

// The schemas allow only the keys that these files use, so that a misspelt key is found. Sources: https://render.com/docs/blueprint-spec,
// https://fly.io/docs/reference/configuration/, https://docs.railway.com/config-as-code/reference

const seconds = z.string().regex(/^\d+s$/)
const healthPath = z.literal('/readyz')

/** A command that starts the image in a role. Hosts run it without a shell. */
const command = z
	.string()
	.regex(
		/^\/nodejs\/bin\/node dist\/server\/main\.js (web|worker|all|migrate)$/,
		'must be the command of the Dockerfile and a role that there is',
	)

const variable = z.union([
	z.strictObject({ key: z.string(), value: z.string() }),
	z.strictObject({ key: z.string(), generateValue: z.literal(true) }),
	z.strictObject({ key: z.string(), sync: z.literal(false) }),
])

const Render = z.strictObject({
	services: z.array(
		z.strictObject({
			type: z.enum(['web', 'worker']),
			name: z.string(),
			runtime: z.literal('image'),
			image: z.strictObject({ url: z.string().regex(/^ghcr\.io\/[\w-]+\/liveslot:\w+$/) }),
			plan: z.enum(['free', 'starter']),
			healthCheckPath: healthPath,
			envVars: z.array(variable),
		}),
	),
})

const Fly = z.strictObject({
	app: z.string(),
	primary_region: z.string().length(3),
	kill_signal: z.literal('SIGTERM'),
	kill_timeout: seconds,
	build: z.strictObject({ dockerfile: z.literal('Dockerfile') }),
	env: z.record(z.string(), z.string()),
	deploy: z.strictObject({ release_command: command, strategy: z.enum(['rolling', 'bluegreen', 'canary', 'immediate']) }),
	processes: z.record(z.string(), command),
	http_service: z.strictObject({
		processes: z.array(z.string()),
		internal_port: z.literal(3000),
		force_https: z.literal(true),
		auto_stop_machines: z.enum(['off', 'stop', 'suspend']),
		auto_start_machines: z.boolean(),
		min_machines_running: z.int().min(0),
		concurrency: z.strictObject({ type: z.enum(['connections', 'requests']), soft_limit: z.int(), hard_limit: z.int() }),
		checks: z.array(
			z.strictObject({ method: z.literal('GET'), path: healthPath, interval: seconds, timeout: seconds, grace_period: seconds }),
		),
	}),
	vm: z.array(z.strictObject({ size: z.string(), memory: z.string().regex(/^\d+(mb|gb)$/) })),
})

const Railway = z.strictObject({
	$schema: z.url(),
	build: z.strictObject({ builder: z.literal('DOCKERFILE'), dockerfilePath: z.literal('Dockerfile') }),
	deploy: z.strictObject({
		preDeployCommand: z.array(command),
		healthcheckPath: healthPath,
		healthcheckTimeout: z.int().positive(),
		drainingSeconds: z.int().min(10),
		restartPolicyType: z.enum(['ON_FAILURE', 'ALWAYS', 'NEVER']),
	}),
})

const issues = (error: z.ZodError | undefined): Findings => error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

/** Examples of the settings that people enter by hand, so that the others can be checked together with them. */
const byHand = {
	DATABASE_URL: 'postgres://someone@db.example:6543/postgres',
	REDIS_URL: 'rediss://:secret@redis.example:6379',
	JWT_SECRET: 'x'.repeat(48),
	NODE_ENV: 'production',
}

export const lintRender = (text: string): Findings => {
	const { data, error } = Render.safeParse(parseYaml(text))
	const settings = data?.services.map(({ envVars }) =>
		Object.fromEntries(envVars.map(each => [each.key, 'value' in each ? each.value : (byHand[each.key as keyof typeof byHand] ?? '')])),
	)
	return [...issues(error), ...(settings?.flatMap(each => lintSettings({ ...byHand, ...each })) ?? [])]
}

export const lintFly = (text: string): Findings => {
	const { data, error } = Fly.safeParse(parseToml(text))
	if (!data) return issues(error)
	const unknown = data.http_service.processes.filter(name => !(name in data.processes)).map(name => `there is no process ${name}`)
	return [...unknown, ...lintSettings({ ...byHand, ...data.env })]
}

export const lintRailway = (text: string): Findings => issues(Railway.safeParse(JSON.parse(text)).error)
