import { runCommand } from './run.ts'

// node dist/server/operations/main.js COMMAND [options]
process.exit(await runCommand(process.argv.slice(2), process.env, { input: process.stdin, output: process.stdout, errors: process.stderr }))
