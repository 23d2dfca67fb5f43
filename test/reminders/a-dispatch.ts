import { loadConfig } from '../../server/config.ts'
import { createPipeline, type Pipeline } from '../../server/platform/database/pipeline.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createDispatch, type DispatchDeps } from '../../server/reminders/dispatch.ts'
import { createLedger } from '../../server/reminders/ledger.ts'
import type { Channel, Message, Sending } from '../../server/reminders/message.ts'
import { testEnvironment } from '../support/environment.ts'
import { aDoctor, aPatient, type Person } from '../support/people.ts'
import { useDatabase } from '../support/servers.ts'
import { aRow, aVisit, type LedgerRow, type RowOptions } from './a-clinic.ts'

export const ok: Sending = { sent: true, providerId: 'p1' }

/** A database for one `describe`, and a dispatcher that goes through its ledger once for each `run`. */
export const useDispatch = () => {
	const database = useDatabase()
	const log = createLog('silent')
	const doctor = {} as Person
	const clinic = {
		get db() {
			return database.db
		},
		config: loadConfig(testEnvironment('/tmp')),
	}
	let pipeline: Pipeline

	before(async () => {
		pipeline = createPipeline({ url: database.url, connections: 2, prepare: true, log })
		Object.assign(doctor, await aDoctor(clinic))
	})
	after(() => pipeline.stop())
	afterEach(() => database.db('notification_queue').delete())

	const aLedger = () => createLedger(pipeline.run)

	const aChannel = (send: (message: Message) => Promise<Sending> = async () => ok, name: Channel['name'] = 'email', concurrency = 3) => {
		const sent: Message[] = []
		const channel: Channel = {
			name,
			concurrency,
			send: async message => {
				const answer = await send(message)
				sent.push(message)
				return answer
			},
			stop: async () => {},
		}
		return { channel, sent }
	}

	const run = async (channels: Channel[], overrides: Partial<DispatchDeps> = {}) => {
		const dispatch = createDispatch({
			nowMs: Date.now,
			ledger: aLedger(),
			channels,
			links: () => ({ visit: 'v', unsubscribe: 'u' }),
			quietHours: undefined,
			log,
			...overrides,
		})
		await dispatch.tick()
		await dispatch.stop()
	}

	const rowOf = async (id: string): Promise<LedgerRow> => await database.db('notification_queue').where({ id }).first()

	const aDueRow = async (options: RowOptions = {}) => {
		const patient = await aPatient(clinic, { phone: '+49 30 123456' })
		const visit = await aVisit(clinic, doctor.id, patient.id)
		return { patient, visit, row: await aRow(clinic, visit, options) }
	}

	return { database, clinic, doctor, aLedger, aChannel, run, rowOf, aDueRow }
}
