/**
 * Looks over every file that containers, hosts and workflows are told by. Prints what is wrong, a line each.
 *
 *   npm run lint:deploy
 */
import { lintAll } from './all.ts'

const findings = await lintAll()
for (const { file, finding } of findings) console.log(`${file}: ${finding}`)
console.log(findings.length === 0 ? 'Nothing is wrong with the files for containers, hosts and workflows' : `${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1
