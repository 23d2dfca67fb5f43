import { ConfigError, loadOperationSettings } from '../config.ts'
import { EmbeddedServerError } from '../platform/embedded/process.ts'
import { archive } from './archive/archive.ts'
import { backup } from './backup/backup.ts'
import { restore } from './backup/restore.ts'
import { checkDatabase } from './check/check.ts'
import { type Command, CommandError, helpOf, parseGiven } from './command.ts'
import { createAdmin } from './create-admin.ts'
import { importDoctors } from './import/doctors.ts'
import { importPatients } from './import/patients.ts'
import { createTerminal, type Streams } from './terminal.ts'

/** Runs one command and resolves to its exit code: 0 when the command is done, 1 when it failed or has findings. */
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

/** The commands by their names in package.json. */
export const commands: Record<string, Command> = {
	'admin:create': createAdmin,
	'import:doctors': importDoctors,
	'import:patients': importPatients,
	backup,
	restore,
	'check:database': checkDatabase,
	archive,
}

const overview = () => Object.entries(commands).map(([name, { summary }]) => `${name.padEnd(18)}${summary}`)

/** Errors of the system about files, hosts and databases explain themselves: their stack helps no operator. */
const isFromOutside = (error: Error & { code?: string }) => error.code !== undefined && !error.code.startsWith('ERR_')
