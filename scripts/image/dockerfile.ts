import { DockerfileParser, type Flag, type Instruction } from 'dockerfile-ast'

export type Step = {
	keyword: string
	/** The text after the keyword and its flags. */
	text: string
	/** The words of that text, without quotes. */
	words: string[]
	flags: Record<string, string>
}

export type Stage = { name: string; base: string; instructions: Step[] }

const hasFlags = (instruction: Instruction): instruction is Instruction & { getFlags(): Flag[] } => 'getFlags' in instruction

/** The strings of an instruction in JSON form, read here because the library drops their spaces. */
const wordsOf = (instruction: Instruction): string[] => {
	const text = instruction.getArgumentsContent() ?? ''
	return /^\[\s*"/.test(text) ? (JSON.parse(text) as string[]) : instruction.getArguments().map(each => each.getValue())
}

const toStep = (instruction: Instruction): Step => {
	const flags = hasFlags(instruction) ? instruction.getFlags() : []
	const words = wordsOf(instruction).filter(word => !flags.some(flag => word === flag.toString()))
	return {
		keyword: instruction.getKeyword(),
		text: instruction.getArgumentsContent() ?? '',
		words,
		flags: Object.fromEntries(flags.map(flag => [flag.getName(), flag.getValue() ?? ''])),
	}
}

/** The stages of a Dockerfile in order. A stage without a name gets its number, as in Docker. */
export const readDockerfile = (text: string): Stage[] => {
	const stages: Stage[] = []
	for (const instruction of DockerfileParser.parse(text).getInstructions()) {
		if (instruction.getKeyword() === 'FROM') {
			const [base = '', , name] = instruction.getArguments().map(each => each.getValue())
			stages.push({ name: name ?? String(stages.length), base, instructions: [] })
		} else stages.at(-1)?.instructions.push(toStep(instruction))
	}
	return stages
}
