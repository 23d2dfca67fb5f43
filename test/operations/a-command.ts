import { PassThrough, type Readable, type Writable } from 'node:stream'
import { runCommand } from '../../server/operations/run.ts'
import type { Streams } from '../../server/operations/terminal.ts'

export type Ended = { code: number; output: string; errors: string }

/**
 * Runs a command, and returns what a person sees of it. The input is a terminal only with `typing`; `output` receives output that is
 * no text; `watched` is a screen, on which the command shows its progress five times a second.
 */
export const aCommand = async (
	args: string[],
	settings: Record<string, string>,
	{ input = '', typing, output, watched = false }: { input?: string; typing?: Streams['input']; output?: Writable; watched?: boolean } = {},
): Promise<Ended> => {
	const collected = { output: new PassThrough(), errors: Object.assign(new PassThrough(), { isTTY: watched }) }
	const piped: Readable = new PassThrough().end(input)
	const code = await runCommand(args, settings, { input: typing ?? piped, ...collected, ...(output && { output }) })
	const said = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? ''
	return { code, output: said(collected.output), errors: said(collected.errors) }
}

/** Splits a text into lines, without the end of the last one. */
export const linesOf = (text: string): string[] => text.trimEnd().split('\n')
