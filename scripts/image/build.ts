import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fetchNode, makeDistroless } from './bases.ts'
import { contextOf, copyFromContext, copyFromStage, type Place } from './context.ts'
import { readDockerfile, type Stage, type Step } from './dockerfile.ts'
import { runInStage } from './sandbox.ts'

/** How the last stage is to be run. */
export type Image = Place & { env: Record<string, string>; command: string[]; healthCheck: string[] }

type Built = Image & { nodeDirectory: string }

const assignmentsOf = (words: readonly string[]) =>
	Object.fromEntries(words.map(word => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))

/** Carries out one instruction. An unknown instruction is an error, so that no part of the Dockerfile goes unchecked. */
const perform = (step: Step, stage: Built, stages: Map<string, Built>, project: string, context: readonly string[]): void => {
	const { keyword, words, text, flags } = step
	const sources = words.slice(0, -1)
	const target = words.at(-1) ?? '.'
	if (keyword === 'WORKDIR') {
		stage.workdir = path.resolve(stage.workdir, target)
		mkdirSync(path.join(stage.root, stage.workdir), { recursive: true })
	} else if (keyword === 'ENV') Object.assign(stage.env, assignmentsOf(words))
	else if (keyword === 'COPY' && flags.from) {
		const from = stages.get(flags.from)
		if (!from) throw new Error(`COPY --from=${flags.from}: there is no such stage before this one`)
		copyFromStage(from, sources, target, stage)
	} else if (keyword === 'COPY') copyFromContext(project, context, sources, target, stage)
	else if (keyword === 'RUN') runInStage(stage, stage.nodeDirectory, stage.env, text)
	else if (keyword === 'CMD') stage.command = words
	else if (keyword === 'HEALTHCHECK') stage.healthCheck = JSON.parse(text.replace(/^CMD\s+/, '')) as string[]
	else if (keyword === 'USER' && text !== 'nonroot') throw new Error(`USER ${text}: the base image knows nonroot alone`)
	else if (keyword === 'ENTRYPOINT' && text !== '[]') throw new Error('ENTRYPOINT: none is expected')
	else if (!['USER', 'ENTRYPOINT', 'EXPOSE'].includes(keyword)) throw new Error(`${keyword} is not understood`)
}

const begin = (stage: Stage, directory: string): Built => {
	const root = mkdtempSync(path.join(directory, `${stage.name}-`))
	const base = { root, workdir: '/', env: {}, command: [], healthCheck: [] }
	const official = /^node:(\d+)-slim$/.exec(stage.base)
	if (official) return { ...base, nodeDirectory: fetchNode(path.join(directory, `node-${official[1]}`), official[1] as string) }
	const distroless = /^gcr\.io\/distroless\/nodejs(\d+)-debian\d+:nonroot$/.exec(stage.base)
	if (!distroless) throw new Error(`FROM ${stage.base}: it is not known what that holds`)
	const nodeDirectory = fetchNode(path.join(directory, `node-${distroless[1]}`), distroless[1] as string)
	makeDistroless(root, nodeDirectory)
	return { ...base, nodeDirectory }
}

/** Carries out a Dockerfile below a directory, one instruction after the other, and calls `observe` for each. */
export const buildImage = (project: string, directory: string, observe: (line: string) => void): Image => {
	const stages = new Map<string, Built>()
	const context = contextOf(project)
	for (const stage of readDockerfile(readFileSync(path.join(project, 'Dockerfile'), 'utf8'))) {
		observe(`FROM ${stage.base}`)
		const built = begin(stage, directory)
		for (const step of stage.instructions) {
			observe(`  ${step.keyword} ${step.text.slice(0, 100)}`)
			perform(step, built, stages, project, context)
		}
		stages.set(stage.name, built)
	}
	const image = [...stages.values()].at(-1)
	if (!image) throw new Error('the Dockerfile has no stage')
	return image
}
