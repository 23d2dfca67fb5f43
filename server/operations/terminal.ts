import type { Readable, Writable } from 'node:stream'
import type { ReadStream } from 'node:tty'

export type Streams = {
	input: Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>
	output: Writable
	errors: Writable & { isTTY?: boolean }
}

export type Terminal = {
	say(line: string): void
	/** Beside the output, where complaints go, and what must not be mixed with it. */
	complain(line: string): void
	/** How far it is: one line that changes on a terminal, a line every few seconds elsewhere. */
	progress(line: string): void
	/** Text that is not shown while it is typed; the first line of the input where nobody types. */
	askSecretly(question: string): Promise<string>
	readonly isInteractive: boolean
	/** For what is no text. */
	readonly output: Writable
}

const quietMs = { terminal: 200, elsewhere: 5000 }

export function createTerminal({ input, output, errors }: Streams): Terminal {
	// What is done at once needs no word of how far it is.
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

/** Ctrl-C, Enter and the keys that delete, as a terminal in raw mode sends them. */
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
