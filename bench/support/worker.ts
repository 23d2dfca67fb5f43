import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// biome-ignore lint/suspicious/noExplicitAny: each benchmark's functions have their own parameters and results
export type Work = Record<string, (...args: any[]) => Promise<unknown>>

export type Worker<W extends Work> = {
	pid: number
	call<K extends keyof W & string>(name: K, ...args: Parameters<W[K]>): Promise<Awaited<ReturnType<W[K]>>>
	stop(): Promise<void>
}

type Reply = { id: number; value?: unknown; error?: string }

const program = fileURLToPath(new URL('./worker-main.ts', import.meta.url))

const exitOf = (child: ChildProcess) => new Promise<void>(resolve => child.once('exit', () => resolve()))

/**
 * Starts a process that imports a benchmark's module and calls the functions of its `work` on request, so that load generators and
 * baselines share no event loop with the measured server, nor with each other.
 */
export const startWorker = async <W extends Work>(moduleUrl: string): Promise<Worker<W>> => {
	const child = fork(program, [moduleUrl], { execArgv: ['--import', 'tsx'], serialization: 'advanced' })
	const exited = exitOf(child)
	const waiting = new Map<number, (reply: Reply) => void>()
	let lastId = 0
	child.on('message', (reply: Reply) => {
		waiting.get(reply.id)?.(reply)
		waiting.delete(reply.id)
	})
	child.once('exit', code => {
		for (const [id, settle] of waiting) settle({ id, error: `the process of ${moduleUrl} ended with ${code}` })
	})
	return {
		pid: child.pid as number,
		async call(name, ...args) {
			const id = ++lastId
			const reply = await new Promise<Reply>(resolve => {
				waiting.set(id, resolve)
				child.send({ id, name, args })
			})
			if (reply.error !== undefined) throw new Error(reply.error)
			return reply.value as never
		},
		async stop() {
			child.kill('SIGTERM')
			await exited
		},
	}
}
