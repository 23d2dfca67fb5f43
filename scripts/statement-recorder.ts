// Mocha loads this in `npm run record:statements`. Records every statement that a connection of the server sends.
import { writeFileSync } from 'node:fs'
import pg from 'pg'

const seen = new Set<string>()
const query = pg.Client.prototype.query as (...args: unknown[]) => unknown

Object.assign(pg.Client.prototype, {
	query(this: pg.Client, ...args: unknown[]) {
		const [first] = args
		const text = typeof first === 'string' ? first : (first as { text?: unknown } | undefined)?.text
		if (typeof text === 'string') seen.add(text)
		return query.apply(this, args)
	},
})

process.on('exit', () => writeFileSync(process.env.RECORD_TO as string, JSON.stringify([...seen])))
