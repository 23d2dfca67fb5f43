/**
 * Fails on words that docs/glossary.md retires: in comments, test titles, log messages, names and documents.
 *
 *   npx tsx scripts/check-words.ts           # every finding, a line each
 *   npx tsx scripts/check-words.ts --count   # how many in each folder
 *   npx tsx scripts/check-words.ts server/slots test/slots
 */
import { checkWords, type Finding, folders, glossary } from './words.ts'

const args = process.argv.slice(2)
const paths = args.filter(arg => !arg.startsWith('--'))
const findings = checkWords(paths.length > 0 ? paths : folders)

if (args.includes('--count')) printCounts(findings)
else for (const { file, line, word, text } of findings) console.log(`${file}:${line}: "${word}" in "${text}"`)
console.log(
	findings.length === 0 ? 'Every word is one of the glossary' : `${findings.length} retired words; ${glossary} says what to write`,
)
process.exitCode = findings.length === 0 ? 0 : 1

function printCounts(findings: readonly Finding[]) {
	const counts = new Map<string, number>()
	for (const { file } of findings) {
		const folder = file.split('/').slice(0, -1).slice(0, 2).join('/') || '.'
		counts.set(folder, (counts.get(folder) ?? 0) + 1)
	}
	for (const [folder, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(5)}  ${folder}`)
}
