import { expect } from 'chai'
import { createPipeline } from '../../server/platform/database/pipeline.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { useDatabase } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

describe('the pipeline', () => {
	const database = useDatabase()

	it('survives the loss of a connection with many statements, without an unhandled error', async () => {
		const warnings: Error[] = []
		const note = (warning: Error) => void warnings.push(warning)
		process.on('warning', note)
		const pipeline = createPipeline({ url: database.url, connections: 1, prepare: true, log: createLog('silent'), queryTimeoutMs: 1000 })
		const ask = (text: string) => pipeline.run({ name: text, text }, [])
		const isActive = async (pid: number) => (await database.db('pg_stat_activity').where({ pid, state: 'active' })).length === 1
		for (const loss of ['terminated', 'unanswered'] as const) {
			const pid = (await ask('SELECT pg_backend_pid() AS pid'))[0]?.pid
			const lost = Promise.allSettled(Array.from({ length: 40 }, () => ask('SELECT pg_sleep(0.6)')))
			await waitFor(() => isActive(pid), 'the first to run')
			if (loss === 'terminated') await database.db.raw('SELECT pg_terminate_backend(?)', [pid])
			const outcomes = (await lost).map(({ status }) => status)
			expect(outcomes.filter(status => status === 'rejected')).to.have.lengthOf.above(30)
			expect(await ask('SELECT 1 AS one')).to.deep.equal([{ one: 1 }])
			await waitFor(async () => !(await isActive(pid)), 'PostgreSQL to stop running what nobody waits for', 3000)
		}
		await pipeline.stop()
		await new Promise(resolve => setImmediate(resolve))
		process.off('warning', note)
		expect(warnings).to.deep.equal([])
	})
})
