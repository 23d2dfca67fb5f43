import { PassThrough, type Readable } from 'node:stream'
import { runCommand } from '../../server/operations/run.ts'
import type { Streams } from '../../server/operations/terminal.ts'

export type Ended = { code: number; output: string; errors: string }

/** What a person sees of a command: it is given arguments, settings, and an input that is not a terminal unless `typing` is given. */
export const aCommand = async (
	args: string[],
	settings: Record<string, string>,
	{ input = '', typing }: { input?: string; typing?: Streams['input'] } = {},
): Promise<Ended> => {
	const collected = { output: new PassThrough(), errors: new PassThrough() }
	const piped: Readable = new PassThrough().end(input)
	const code = await runCommand(args, settings, { input: typing ?? piped, ...collected })
	const said = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? ''
	return { code, output: said(collected.output), errors: said(collected.errors) }
}

/** The lines, without the last one's end. */
export const linesOf = (text: string): string[] => text.trimEnd().split('\n')
