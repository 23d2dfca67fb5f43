/**
 * Checks every file that configures containers, hosts and workflows. Prints one line for each finding.
 *
 *   npm run lint:deploy
 */
import { lintAll } from './all.ts'

const findings = await lintAll()
for (const { file, finding } of findings) console.log(`${file}: ${finding}`)
console.log(findings.length === 0 ? 'The files for containers, hosts and workflows have no findings' : `${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1
