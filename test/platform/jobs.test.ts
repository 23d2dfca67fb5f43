import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { expect } from 'chai'
import { createJobs, type JobDefinition, type Jobs, type JobsDeps } from '../../server/platform/jobs/jobs.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { useDatabase } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'

/** Tests do not install MongoDB. They run where this variable names one, as in the workflow. */
const mongoUrl = process.env.TEST_MONGO_URL

const backends: { name: string; address: () => string | undefined }[] = [
	{ name: 'PostgreSQL', address: () => undefined },
	...(mongoUrl ? [{ name: 'MongoDB', address: () => withDatabase(mongoUrl) }] : []),
]

/** Each run has its own database, so that no earlier run interferes. */
const runName = `liveslot_${randomUUID().slice(0, 8)}`
const withDatabase = (url: string) => {
	const address = new URL(url)
	address.pathname = `/${runName}`
	return address.href
}

for (const { name, address } of backends) {
	describe(`recurring work kept in ${name}`, function () {
		this.timeout(60_000)
		const database = useDatabase()
		let started: Jobs[] = []

		afterEach(async () => {
			await Promise.all(started.map(jobs => jobs.stop()))
			started = []
		})
		after(async () => {
			if (!address()) return
			const { MongoClient } = await import('mongodb')
			const client = await new MongoClient(address() as string).connect()
			await client.db().dropDatabase()
			await client.close()
		})

		const start = async (
			jobs: JobDefinition[],
			{ runs = true, observe }: Pick<JobsDeps, 'observe'> & { runs?: boolean } = {},
		): Promise<Jobs> => {
			const log = createLog('silent')
			const made = await createJobs({
				databaseUrl: database.url,
				isPooled: false,
				mongoUrl: address(),
				log,
				nodeId: randomUUID(),
				runs,
				jobs,
				observe,
			})
			started.push(made)
			return made
		}
		const stopFirst = async () => await started.shift()?.stop()

		const reportOf = async (jobs: Jobs, job: string) => {
			const report = (await jobs.list()).find(each => each.name === job)
			if (!report) throw new Error(`there is no job ${job}`)
			return report
		}

		/** A job with a unique name. */
		const aJob = (run: () => Promise<void> = async () => {}, every = '40 2 * * *'): JobDefinition => ({
			name: `job ${randomUUID()}`,
			every,
			run,
		})

		it('runs on request, on a node that runs jobs, and reports its result', async () => {
			let runs = 0
			const job = aJob(async () => void runs++)
			await start([job])
			const onlooker = await start([job], { runs: false })
			expect(await reportOf(onlooker, job.name)).to.include({ every: job.every, running: false, failures: 0 })
			expect((await reportOf(onlooker, job.name)).lastRunBy).to.equal(undefined)
			expect(await onlooker.runNow('make coffee')).to.equal(false)
			expect(await onlooker.runNow(job.name)).to.equal(true)
			await waitFor(async () => (await reportOf(onlooker, job.name)).lastFinishedAt !== undefined, 'the run', 20_000)
			expect(runs).to.equal(1)
			const after = await reportOf(onlooker, job.name)
			expect(after.lastRunBy).to.include(hostname())
			expect(after.nextRunAt?.getTime()).to.be.above(Date.now())
		})

		it('reports a failure, runs again at its next time, and reports its recovery', async () => {
			let works = false
			const job = aJob(async () => {
				if (!works) throw new Error('no disk left')
			})
			const jobs = await start([job])
			await jobs.runNow(job.name)
			await waitFor(async () => (await reportOf(jobs, job.name)).failures === 1, 'the failure', 20_000)
			const failed = await reportOf(jobs, job.name)
			expect(failed.error).to.equal('no disk left')
			expect(failed.nextRunAt?.getTime()).to.be.above(Date.now())
			works = true
			await jobs.runNow(job.name)
			await waitFor(async () => (await reportOf(jobs, job.name)).failures === 0, 'the run that works', 20_000)
			const well = await reportOf(jobs, job.name)
			// The last failure is still reported.
			expect(well.error).to.equal('no disk left')
			expect(well.lastFinishedAt?.getTime()).to.be.above(well.failedAt?.getTime() as number)
		})

		it('runs on one node at a time', async () => {
			let [running, most, runs] = [0, 0, 0]
			const job = aJob(async () => {
				most = Math.max(most, ++running)
				await new Promise(resolve => setTimeout(resolve, 1500))
				running--
				runs++
			})
			const [first] = [await start([job]), await start([job]), await start([job])]
			await first.runNow(job.name)
			await waitFor(() => runs > 0, 'the run', 20_000)
			// Long enough for each node to poll again.
			await new Promise(resolve => setTimeout(resolve, 6000))
			expect([most, runs]).to.deep.equal([1, 1])
		})

		it('stays on its node for longer than a dead node’s lock lasts, and reports how late it started', async () => {
			let runs = 0
			const lags: (number | undefined)[] = []
			const observe = { started: (_name: string, lagMs?: number) => void lags.push(lagMs), ended: () => {} }
			const job = aJob(async () => {
				runs++
				await new Promise(resolve => setTimeout(resolve, 20_000))
			})
			const [first] = [await start([job], { observe }), await start([job], { observe })]
			await first.runNow(job.name)
			await waitFor(async () => (await reportOf(first, job.name)).lastFinishedAt !== undefined, 'the run', 40_000)
			expect(runs).to.equal(1)
			expect(lags).to.have.lengthOf(1)
			// Nodes poll every 5 s.
			expect(lags[0]).to.be.within(0, 7000)
		})

		it('keeps its time through a restart, and adopts a changed rhythm', async () => {
			const job = aJob()
			const before = (await reportOf(await start([job]), job.name)).nextRunAt
			await stopFirst()
			expect((await reportOf(await start([job]), job.name)).nextRunAt).to.deep.equal(before)
			await stopFirst()
			const changed = { ...job, every: '41 3 * * *' }
			const { nextRunAt } = await reportOf(await start([changed]), job.name)
			expect(nextRunAt?.toISOString()).to.match(/T03:41:00/)
		})
	})
}
