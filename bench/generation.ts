import pg from 'pg'
import { createDatabase } from '../server/platform/database/database.ts'
import { createPipeline } from '../server/platform/database/pipeline.ts'
import { keyOf } from '../server/platform/mailbox/mailbox.ts'
import { createLog } from '../server/platform/observability/log.ts'
import { createRedis } from '../server/platform/redis/redis.ts'
import { createSchedules } from '../server/schedule/schedule.ts'
import { createAnnouncements } from '../server/slots/announcements.ts'
import type { Benchmark } from './support/benchmark.ts'
import { aClinic } from './support/clinic.ts'
import { alternate, ratioRow } from './support/measure.ts'
import { query } from './support/stores.ts'
import { startWorker } from './support/worker.ts'

const days = 60

/** Eight hours on five days a week, in slots of a quarter of an hour. */
const insertSchedules = `
	INSERT INTO schedule_plans (doctor_id, site_id, slot_minutes, weekly)
	SELECT id, site_of_zone(time_zone), 15, (SELECT jsonb_agg(jsonb_build_object('weekday', weekday, 'start', '08:00', 'end', '16:00')) FROM generate_series(1, 5) AS weekday)
	FROM doctors`

/** The baseline: PostgreSQL inserts as many rows into the same table with one statement. */
const insertRaw = `
	INSERT INTO appointment_slots (doctor_id, starts_at, ends_at)
	SELECT d.id, t, t + interval '15 minutes'
	FROM doctors d, generate_series(date_trunc('day', now()), date_trunc('day', now()) + ($1::int - 1) * interval '15 minutes', interval '15 minutes') AS t`

const empty = async (client: pg.Client) => {
	await client.query('TRUNCATE appointment_slots')
	// Pages that one side left unwritten must not be written in the other side's time.
	await client.query('CHECKPOINT')
}

export const work = {
	/** Measures the nightly job with its announcements, in slots a second. */
	async generate(databaseUrl: string, redisUrl: string) {
		const client = new pg.Client({ connectionString: databaseUrl })
		await client.connect()
		await empty(client)
		await client.end()
		const db = createDatabase({ url: databaseUrl, poolSize: 2 })
		const redis = createRedis({ url: redisUrl, name: 'bench' })
		const pipeline = createPipeline({ url: databaseUrl, connections: 1, prepare: true, log: createLog('warn') })
		const announcements = createAnnouncements({
			db,
			run: pipeline.run,
			log: createLog('warn'),
			announce: async doctorId =>
				void (await redis.xadd(keyOf.stream(doctorId), '*', 'r', JSON.stringify({ kind: 'announce', doctorId, minutes: undefined }))),
		})
		const schedules = createSchedules({
			db,
			config: { slotDaysAhead: days },
			log: createLog('warn'),
			announcements,
		})
		const began = performance.now()
		const { created } = await schedules.generateAll()
		const seconds = (performance.now() - began) / 1000
		await announcements.stop()
		await Promise.all([pipeline.stop(), db.destroy()])
		await redis.flushdb()
		redis.disconnect()
		return { created, perSecond: created / seconds }
	},
	async insertRaw(databaseUrl: string, rowsPerDoctor: number) {
		const client = new pg.Client({ connectionString: databaseUrl })
		await client.connect()
		await empty(client)
		const began = performance.now()
		const { rowCount } = await client.query(insertRaw, [rowsPerDoctor])
		const seconds = (performance.now() - began) / 1000
		await client.end()
		return (rowCount ?? 0) / seconds
	},
}

/** 1,000 doctors x 60 days, against one raw INSERT of as many rows into the same table. */
export const benchmark: Benchmark = {
	name: 'generation',
	async run({ stores, rounds, short, say }) {
		const doctors = short ? 100 : 1000
		const fresh = await stores.fresh()
		const worker = await startWorker<typeof work>(import.meta.url)
		try {
			await aClinic(fresh.databaseUrl, { doctors, patients: 1, slots: 1 })
			await query(fresh.databaseUrl, insertSchedules)
			let created = 0
			const generate = async () => {
				const done = await worker.call('generate', fresh.databaseUrl, fresh.redisUrl)
				created = done.created
				return done.perSecond
			}
			await generate()
			say(`${created} slots`)
			const pairs = await alternate({
				rounds,
				subject: generate,
				baseline: () => worker.call('insertRaw', fresh.databaseUrl, Math.round(created / doctors)),
			})
			return [ratioRow('generation', { atLeast: 0.6, unit: 'x' }, pairs, 'slots/s', `${created} slots`)]
		} finally {
			await worker.stop()
			await fresh.drop()
		}
	},
}
