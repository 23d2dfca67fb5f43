// Measures a reminder in real time: books a slot that starts in six minutes through the API of a fresh server, and waits for the
// five-minute reminder, which must be in the outbox between 5:00 and 3:55 minutes before the start. Takes up to three minutes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { SessionTokens, Slot } from '../contract/index.ts'
import { createDatabase } from '../server/platform/database/database.ts'
import { startEmbeddedPostgres } from '../server/platform/embedded/postgres.ts'
import { startEmbeddedRedis } from '../server/platform/embedded/redis.ts'
import { startProcessNode } from '../test/support/processes.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)
const clock = (ms: number) => `${Math.floor(ms / 60_000)}:${String(Math.floor((ms % 60_000) / 1000)).padStart(2, '0')}`

const directory = mkdtempSync(path.join(tmpdir(), 'liveslot-minute-'))
const [postgres, redis] = await Promise.all([startEmbeddedPostgres(directory), startEmbeddedRedis(directory, say)])
const node = await startProcessNode({ databaseUrl: postgres.url, redisUrl: redis.url }, { DEMO: '1' })
const db = createDatabase({ url: postgres.url, poolSize: 1 })

const api = async <T>(method: string, at: string, body?: unknown, token?: string): Promise<T> => {
	const response = await fetch(`${node.url}/api/v1${at}`, {
		method,
		headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
		...(body !== undefined && { body: JSON.stringify(body) }),
	})
	if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${await response.text()}`)
	return (await response.json()) as T
}

let passed = false
try {
	const email = `minute-${Date.now()}@example.com`
	const { accessToken } = await api<SessionTokens>('POST', '/auth/register', {
		email,
		password: 'a password for this',
		fullName: 'Minute Patient',
	})
	const doctor = await db('doctors').first('id')
	const startsMs = Math.ceil((Date.now() + 6 * 60_000) / 60_000) * 60_000
	await db('appointment_slots')
		.insert({ doctor_id: doctor.id, starts_at: new Date(startsMs), ends_at: new Date(startsMs + 15 * 60_000) })
		.onConflict(['doctor_id', 'starts_at'])
		.ignore()
	const date = new Date(startsMs).toISOString()
	const days = [-1, 1].map(offset => new Date(startsMs + offset * 86_400_000).toISOString().slice(0, 10))
	const { slots } = await api<{ slots: Slot[] }>('GET', `/doctors/${doctor.id}/slots?from=${days[0]}&to=${days[1]}`)
	const slot = slots.find(({ startsAt }) => startsAt === date)
	await api('POST', '/appointments', { slotId: slot?.id }, accessToken)
	say(`booked a visit at ${date}, ${clock(startsMs - Date.now())} from now`)

	const reminder = async () => {
		const { items } = (await (await fetch(`${node.url}/dev/outbox.json`)).json()) as {
			items: { to: string; subject: string; receivedAt: string }[]
		}
		return items.find(({ to, subject }) => to.includes(email) && subject.startsWith('Reminder'))
	}
	let found = await reminder()
	while (!found && Date.now() < startsMs - 3 * 60_000) {
		await new Promise(resolve => setTimeout(resolve, 500))
		found = await reminder()
	}
	const leftMs = found ? startsMs - Date.parse(found.receivedAt) : 0
	passed = leftMs <= 300_000 && leftMs >= 235_000
	say(found ? `“${found.subject}” came ${clock(leftMs)} before the start` : 'no reminder came')
	say(passed ? 'in time: between 5:00 and 3:55' : 'NOT in time: between 5:00 and 3:55')
} finally {
	await db.destroy()
	await node.stop()
	await Promise.all([postgres.stop(), redis.stop()])
	rmSync(directory, { recursive: true, force: true })
}
process.exitCode = passed ? 0 : 1
