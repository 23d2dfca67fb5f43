import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * `platform/` is mechanism and knows no word of the domain. Lint keeps it from importing domains; this script keeps the domains' words
 * out of its names. Part of `npm run check`. Prints each place, and exits with 1 if there is any.
 */
const words = /doctors?|patients?|slots?|appointments?|visits?|bookings?|receptionists?|admins?|staff|clinics?/i

/** Words that have another meaning in the systems that these files talk to. */
const meantOtherwise: Record<string, RegExp> = {
	// The parts of a Redis Cluster's keyspace are slots.
	'server/platform/redis': /slots?/i,
	// These are the product's name, and a code of the contract's closed list.
	'server/platform': /booking_pending|liveslot/i,
}

const files = readdirSync('server/platform', { recursive: true, encoding: 'utf8' })
	.filter(file => /\.(ts|lua|sql)$/.test(file))
	.map(file => path.posix.join('server/platform', file.replaceAll(path.sep, '/')))
	.sort()
const found = files.flatMap(file => placesIn(file, readFileSync(file, 'utf8')))
for (const place of found) process.stderr.write(`${place}\n`)
if (found.length > 0) process.stderr.write('platform knows no word of the domain: name what it is here, or move it to its domain\n')
process.exitCode = found.length > 0 ? 1 : 0

function placesIn(file: string, text: string): string[] {
	const allowed = Object.entries(meantOtherwise).flatMap(([folder, meaning]) => (file.startsWith(folder) ? [meaning] : []))
	return withoutProse(text)
		.split('\n')
		.flatMap((line, index) =>
			(line.match(/[A-Za-z_$][\w$]*/g) ?? [])
				.filter(name => words.test(allowed.reduce((rest, meaning) => rest.replace(meaning, ''), name)))
				.map(name => `${file}:${index + 1} ${name}`),
		)
}

/** Blanks out comments and texts, which are prose, except texts of one word, which are names. Keeps line numbers. */
function withoutProse(text: string): string {
	return text
		.replace(/\/\*[\s\S]*?\*\/|`(?:[^`\\]|\\.)*`/g, prose => prose.replace(/[^\n]/g, ' '))
		.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, text => (/^.\w+.$/.test(text) ? text : ' '))
		.replace(/(^|\s)(\/\/|--).*/g, '')
}
