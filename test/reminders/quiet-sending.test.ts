import { expect } from 'chai'
import type { NotificationChannel } from '../../contract/index.ts'
import { loadConfig } from '../../server/config.ts'
import { createPipeline, type Pipeline } from '../../server/platform/database/pipeline.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createDispatch } from '../../server/reminders/dispatch.ts'
import { createLedger } from '../../server/reminders/ledger.ts'
import type { Channel } from '../../server/reminders/message.ts'
import { testEnvironment } from '../support/environment.ts'
import { aDoctor, aPatient } from '../support/people.ts'
import { useDatabase } from '../support/servers.ts'
import { aRow, aVisit, type LedgerRow } from './a-clinic.ts'

const minuteMs = 60_000
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * minuteMs)
const minuteOfDay = (at: Date) => at.getUTCHours() * 60 + at.getUTCMinutes()

describe('the dispatcher in quiet hours', () => {
	const database = useDatabase()
	const log = createLog('silent')
	let pipeline: Pipeline
	let clinic: { db: (typeof database)['db']; config: ReturnType<typeof loadConfig> }

	before(async () => {
		pipeline = createPipeline({ url: database.url, connections: 2, prepare: true, log })
		clinic = { db: database.db, config: loadConfig(testEnvironment('/tmp')) }
	})
	after(() => pipeline.stop())
	afterEach(() => database.db('notification_queue').delete())

	/** Quiet hours from half an hour ago until half an hour from now, in the doctor's zone. */
	const quietNow = () => ({ fromMinute: minuteOfDay(inMinutes(-30)), untilMinute: minuteOfDay(inMinutes(30)) })

	const aReminder = async (channel: NotificationChannel, leadMinutes: number, visitInMinutes: number): Promise<string> => {
		const [doctor, patient] = [await aDoctor(clinic, { timeZone: 'UTC' }), await aPatient(clinic, { phone: '+49 30 123456' })]
		const visit = await aVisit(clinic, doctor.id, patient.id, { startsAt: inMinutes(visitInMinutes) })
		return await aRow(clinic, visit, { channel, leadMinutes })
	}

	const dispatchAll = async (): Promise<string[]> => {
		const sent: string[] = []
		const channels = (['email', 'sms', 'push'] as const).map(
			(name): Channel => ({
				name,
				concurrency: 1,
				send: async ({ id }) => {
					sent.push(id)
					return { sent: true, providerId: '' }
				},
				stop: async () => {},
			}),
		)
		const ledger = createLedger(pipeline.run)
		const dispatch = createDispatch({
			ledger,
			channels,
			links: () => ({ visit: 'v', unsubscribe: 'u' }),
			quietHours: quietNow(),
			log,
			nowMs: Date.now,
		})
		await dispatch.tick()
		await dispatch.stop()
		return sent
	}

	const rowOf = async (id: string): Promise<LedgerRow> => await database.db('notification_queue').where({ id }).first()

	for (const channel of ['sms', 'push'] as const) {
		it(`sends the five-minute reminder by ${channel}, delays one that can wait, and skips a stale one`, async () => {
			const urgent = await aReminder(channel, 5, 5)
			const early = await aReminder(channel, 1440, 2880)
			// Booked a moment ago, in these quiet hours, so the patient has just received the confirmation.
			const stale = await aReminder(channel, 60, 50)
			expect(await dispatchAll()).to.deep.equal([urgent])
			const waiting = await rowOf(early)
			expect(waiting.status).to.equal('due')
			expect((waiting.retry_at ?? waiting.due_at).getTime()).to.be.closeTo(Date.now() + 30 * minuteMs, 2 * minuteMs)
			expect(await rowOf(stale)).to.include({ status: 'skipped' })
		})
	}

	it('never delays e-mail', async () => {
		const rows = [await aReminder('email', 5, 5), await aReminder('email', 1440, 2880)]
		expect(await dispatchAll()).to.have.members(rows)
	})
})
