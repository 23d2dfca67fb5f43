import { ConfigError, loadOperationSettings } from '../config.ts'
import { EmbeddedServerError } from '../platform/embedded/process.ts'
import { CommandError, helpOf, parseGiven } from './command.ts'
import { commands } from './commands.ts'
import { createTerminal, type Streams } from './terminal.ts'

/** Runs one command and resolves to its exit code: 0 for done, 1 for not, or for findings. */
export async function runCommand(args: string[], env: NodeJS.ProcessEnv, streams: Streams): Promise<number> {
	const terminal = createTerminal(streams)
	const [name = '', ...rest] = args
	const command = commands[name]
	if (!command) {
		for (const line of overview()) terminal.say(line)
		return name === '' || name === '--help' ? 0 : 1
	}
	try {
		const given = parseGiven(command, rest)
		if (given) return await command.run({ settings: loadOperationSettings(env), terminal }, given)
		terminal.say(helpOf(name, command))
		return 0
	} catch (thrown) {
		const error = thrown as Error
		const isExpected = [CommandError, ConfigError, EmbeddedServerError].some(kind => error instanceof kind) || isFromOutside(error)
		terminal.complain(isExpected ? error.message || String((error as { code?: string }).code) : String(error.stack ?? error))
		return 1
	}
}

const overview = () => Object.entries(commands).map(([name, { summary }]) => `${name.padEnd(18)}${summary}`)

/** What the system says of a file, a host or a database that is not there needs no stack. */
const isFromOutside = (error: Error & { code?: string }) => error.code !== undefined && !error.code.startsWith('ERR_')
