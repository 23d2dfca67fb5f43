import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { lintFly, lintRailway, lintRender } from './hosts.ts'
import { type Findings, lintCompose, lintComposeSettings, lintDockerfile, lintWorkflow } from './linters.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const workflows = path.join('.github', 'workflows')

/** The files that each linter checks. */
export const deployFiles: [file: string, lint: (text: string, file: string) => Findings | Promise<Findings>][] = [
	['Dockerfile', lintDockerfile],
	['docker-compose.yml', lintCompose],
	['docker-compose.yml', lintComposeSettings],
	['render.yaml', lintRender],
	['fly.toml', lintFly],
	['railway.json', lintRailway],
	...readdirSync(path.join(root, workflows)).map((name): [string, typeof lintWorkflow] => [path.join(workflows, name), lintWorkflow]),
]

export const readDeployFile = (file: string): string => readFileSync(path.join(root, file), 'utf8')

export const lintAll = async (): Promise<{ file: string; finding: string }[]> => {
	const found = await Promise.all(
		deployFiles.map(async ([file, lint]) => (await lint(readDeployFile(file), file)).map(finding => ({ file, finding }))),
	)
	return found.flat()
}
