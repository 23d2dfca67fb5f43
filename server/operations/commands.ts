import { archive } from './archive/archive.ts'
import { backup } from './backup/backup.ts'
import { restore } from './backup/restore.ts'
import { checkDatabase } from './check/check.ts'
import type { Command } from './command.ts'
import { createAdmin } from './create-admin.ts'
import { importDoctors } from './import/doctors.ts'
import { importPatients } from './import/patients.ts'

/** By the names that `npm run` knows them by. */
export const commands: Record<string, Command> = {
	'admin:create': createAdmin,
	'import:doctors': importDoctors,
	'import:patients': importPatients,
	backup,
	restore,
	'check:database': checkDatabase,
	archive,
}
