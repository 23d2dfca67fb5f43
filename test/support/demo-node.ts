import type { Doctor, Page } from '../../contract/index.ts'
import { seedDemoClinic } from '../../db/seeds/demo.ts'
import { call } from './http.ts'
import { type TestNode, useNode } from './node.ts'
import { filledTemplate } from './servers.ts'

/** A database with the demo clinic, filled once for the whole run because the clinic has hundreds of appointments. */
export const demoTemplate = (): Promise<string> => filledTemplate('template_demo', db => seedDemoClinic(db, { slotDaysAhead: 60 }))

/** A node with the demo clinic, for one `describe`. */
export const useDemoNode = (overrides: Record<string, string> = {}): TestNode => useNode(overrides, { template: demoTemplate })

export const doctorNamed = async (node: { url: string }, name: string): Promise<Doctor> => {
	const { body } = await call<Page<Doctor>>(node, 'GET', `/doctors?q=${encodeURIComponent(name)}`)
	const [doctor] = body.items
	if (!doctor) throw new Error(`no doctor is named ${name}`)
	return doctor
}
