import type { Readable, Writable } from 'node:stream'
import type { ReadStream } from 'node:tty'

export type Streams = {
	input: Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>
	output: Writable
	errors: Writable & { isTTY?: boolean }
}

export type Terminal = {
	say(line: string): void
	/** Writes to the error stream: complaints, and lines that must not be mixed with the output. */
	complain(line: string): void
	/** Shows how far the command is: on a terminal one line that changes, elsewhere a line every few seconds. */
	progress(line: string): void
	/** Asks for a text without showing it. When the input is no terminal, reads the first line of the input. */
	askSecretly(question: string): Promise<string>
	readonly isInteractive: boolean
	/** For output that is no text. */
	readonly output: Writable
}

const quietMs = { terminal: 200, elsewhere: 5000 }

export function createTerminal({ input, output, errors }: Streams): Terminal {
	// Starts the interval, so that a quick command shows no progress.
	let shownAtMs = performance.now()
	let isLineOpen = false

	return {
		isInteractive: input.isTTY === true,
		output,
		say: line => {
			endLine()
			output.write(`${line}\n`)
		},
		complain: line => {
			endLine()
			errors.write(`${line}\n`)
		},
		progress: line => {
			if (performance.now() - shownAtMs < (errors.isTTY ? quietMs.terminal : quietMs.elsewhere)) return
			shownAtMs = performance.now()
			isLineOpen = errors.isTTY === true
			errors.write(errors.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
		},
		askSecretly: async question => {
			if (!input.isTTY) return await firstLine(input)
			errors.write(`${question}: `)
			const text = await typed(input)
			errors.write('\n')
			return text
		},
	}

	function endLine() {
		if (isLineOpen) errors.write('\n')
		isLineOpen = false
	}
}

async function firstLine(input: Readable): Promise<string> {
	let text = ''
	for await (const chunk of input.setEncoding('utf8')) text += chunk
	return text.split(/\r?\n/)[0] ?? ''
}

/** The codes that a terminal in raw mode sends for Ctrl-C, Enter and the keys that delete. */
const keys = { interrupt: '\u0003', enter: ['\r', '\n', '\u0004'], erase: ['\u007f', '\b'] }

async function typed(input: Streams['input']): Promise<string> {
	input.setRawMode?.(true)
	let text = ''
	try {
		for await (const chunk of input.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
			for (const key of chunk as string) {
				if (key === keys.interrupt) throw new Error('Interrupted')
				if (keys.enter.includes(key)) return text
				text = keys.erase.includes(key) ? text.slice(0, -1) : text + key
			}
		}
		return text
	} finally {
		input.setRawMode?.(false)
		input.pause()
	}
}
