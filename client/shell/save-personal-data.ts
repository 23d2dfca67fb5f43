import type { PersonalData } from '../../contract/index.ts'
import { saveFile } from './save-file.ts'

/** Everything that is kept about a patient, as a file that people and programs can read. */
export const savePersonalData = (personal: PersonalData, name: string) => {
	const file = new Blob([JSON.stringify(personal, null, '\t')], { type: 'application/json' })
	saveFile(file, `${name}-${personal.exportedAt.slice(0, 10)}.json`)
}
