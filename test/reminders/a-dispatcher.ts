// A dispatcher as a process of its own, for tests that run several dispatchers, or kill one.
// Arguments: database URL, SMTP URL, lease in ms. Prints `claimed`, then `done` with its memory, and exits.

import { createPipeline } from '../../server/platform/database/pipeline.ts'
import { createLog } from '../../server/platform/observability/log.ts'
import { createEmail } from '../../server/reminders/channels/email.ts'
import { createDispatch } from '../../server/reminders/dispatch.ts'
import { createLedger } from '../../server/reminders/ledger.ts'
import { createMailer } from '../../server/reminders/mailer.ts'
import { createVisitCalendar } from '../../server/reminders/visit-calendar.ts'

const [url = '', smtpUrl = '', lease = '90000'] = process.argv.slice(2)

const log = createLog('silent')
const pipeline = createPipeline({ url, connections: 4, prepare: true, log })
const mailer = createMailer({ url: smtpUrl, from: 'Clinic <desk@clinic.example>', connections: 5 })
const host = 'clinic.example'
const publicUrl = () => 'https://clinic.example'
const visitCalendar = createVisitCalendar({ sender: 'desk@clinic.example', host, publicUrl })
let sent = 0
const memory: number[] = []
const dispatch = createDispatch({
	nowMs: Date.now,
	ledger: createLedger(pipeline.run),
	channels: [createEmail({ mailer, visitCalendar, host, publicUrl, concurrency: 5 })],
	links: () => ({ visit: 'https://clinic.example/n/v', unsubscribe: 'https://clinic.example/n/u' }),
	quietHours: undefined,
	log,
	leaseMs: Number(lease),
	observe: () => {
		sent++
		if (sent % 500 === 0) {
			globalThis.gc?.()
			memory.push(process.memoryUsage().heapUsed)
		}
	},
})
process.stdout.write('started\n')
const began = performance.now()
await dispatch.tick()
process.stdout.write(
	`${JSON.stringify({ done: sent, seconds: (performance.now() - began) / 1000, memory, rss: process.memoryUsage().rss })}\n`,
)
await dispatch.stop()
await mailer.stop()
await pipeline.stop()
