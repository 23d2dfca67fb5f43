import { type SlotsOptions, someSlots } from '../support/calendar.ts'
import { type TestNode, useNode } from '../support/node.ts'
import { aDoctor, aPatient, aReceptionist, type Person } from '../support/people.ts'
import { closeSockets } from '../support/watcher.ts'
import { expectConsistent } from './desk.ts'

/**
 * A node for one `describe` with a receptionist, and a new doctor and patient for every test. After each test the calendars must be
 * consistent.
 */
export const useDesk = () => {
	const node = useNode()
	const [desk, doctor, patient] = [{} as Person, {} as Person, {} as Person]
	before(async () => {
		Object.assign(desk, await aReceptionist(node))
	})
	beforeEach(async () => {
		Object.assign(doctor, await aDoctor(node))
		Object.assign(patient, await aPatient(node))
	})
	afterEach(async () => {
		closeSockets()
		await expectConsistent(node)
	})
	return { node, desk, doctor, patient }
}

export const slotsOf = async (node: Pick<TestNode, 'db'>, who: Person, options: SlotsOptions = {}) =>
	(await someSlots(node, who.id, options)) as [string, ...string[]]
