import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { writeTo } from '../../server/platform/database/copy.ts'

const firstNames = ['Amara', 'Ben', 'Chloé', 'Diego', 'Elif', 'Farid', 'Grace', 'Hiroshi', 'Ingrid', 'Jamal']
const lastNames = ['Abebe', 'Brandt', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'García', 'Haddad', 'Ivanova', 'Jensen', 'Kaya']

const born = (n: number) => new Date(Date.UTC(1930 + (n % 90), n % 12, 1 + (n % 28))).toISOString().slice(0, 10)
/** The bad lines in turn: no name, an impossible date, and an invalid address. */
const badFields = [
	['', '030 555', '', '1980-01-01'],
	['Bad Date', '', '', '1980-13-01'],
	['Bad Mail', '', 'nowhere', ''],
]

/** Writes a file of patients in which every hundredth line is bad. Resolves to the numbers of the bad lines. */
export const writeManyPatients = async (file: string, count: number): Promise<number[]> => {
	const stream = createWriteStream(file)
	const bad: number[] = []
	await writeTo(stream, 'full_name,phone,email,birth_date\n')
	for (let n = 1; n <= count; n++) {
		const isBad = n % 100 === 50
		// The first line names the columns.
		if (isBad) bad.push(n + 1)
		const name = `${firstNames[n % 10]} ${lastNames[n % 11]}-${lastNames[(n >> 4) % 11]}`
		const good = [name, `+49 30 ${String(n).padStart(7, '0')}`, n % 3 === 0 ? `patient${n}@example.com` : '', born(n)]
		await writeTo(stream, `${(isBad ? badFields[(bad.length - 1) % 3] : good)?.join(',')}\n`)
	}
	stream.end()
	await finished(stream)
	return bad
}
