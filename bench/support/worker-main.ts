import type { Work } from './worker.ts'

// One process of a benchmark, see worker.ts. The process ends with the process that started it.
const [, , moduleUrl = ''] = process.argv
const { work } = (await import(moduleUrl)) as { work: Work }

process.on('message', async ({ id, name, args }: { id: number; name: string; args: unknown[] }) => {
	try {
		process.send?.({ id, value: await work[name]?.(...args) })
	} catch (error) {
		process.send?.({ id, error: (error as Error).stack ?? String(error) })
	}
})
process.on('disconnect', () => process.exit(0))
