import { createWriteStream, rmSync, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

export type Report = ReturnType<typeof createReport>

export type BadLine = { line: number; reason: string }

/** Reasons that the summary lists; a file that is wrong throughout has one, a hundred thousand times. */
const listed = 10

/** Lists bad lines in a file as they come, and counts them by reason. The file says what is wrong, not what the line holds. */
export function createReport(file: string) {
	const byReason = new Map<string, number>()
	let count = 0
	let stream: WriteStream | undefined
	// One of an earlier try would be taken for this one's.
	rmSync(file, { force: true })
	return {
		file,
		get count() {
			return count
		},
		add({ line, reason }: BadLine) {
			stream ??= createWriteStream(file, { mode: 0o600 })
			if (count === 0) stream.write('line,reason\n')
			stream.write(`${line},${quoted(reason)}\n`)
			count++
			byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
		},
		summary: (): string[] => {
			const reasons = [...byReason].sort(([, a], [, b]) => b - a)
			const rest = reasons.slice(listed).reduce((sum, [, times]) => sum + times, 0)
			return [
				...reasons.slice(0, listed).map(([reason, times]) => `  ${times} × ${reason}`),
				...(rest > 0 ? [`  ${rest} × other reasons`] : []),
			]
		},
		close: async () => {
			if (!stream) return
			stream.end()
			await finished(stream)
		},
	}
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
