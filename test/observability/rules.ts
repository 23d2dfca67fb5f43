import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export type Alert = {
	alert: string
	expr: string
	for?: string
	labels: { severity: string }
	annotations: { summary: string; description?: string; runbook: string }
}
export type Recording = { record: string; expr: string }

export type Panel = {
	id: number
	type: string
	title: string
	gridPos: { h: number; w: number; x: number; y: number }
	targets?: { refId: string; expr: string; legendFormat: string; datasource: { type: string; uid: string } }[]
}

export const rootFile = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
export const readRoot = (path: string) => readFileSync(rootFile(path), 'utf8')

const { groups } = parse(readRoot('deploy/prometheus/alerts.yml')) as { groups: { name: string; rules: (Alert | Recording)[] }[] }

const rules = groups.flatMap(group => group.rules)
export const alerts = rules.filter(rule => 'alert' in rule)
export const recordings = rules.filter(rule => 'record' in rule)

export const dashboard = JSON.parse(readRoot('deploy/grafana/liveslot.json')) as {
	panels: Panel[]
	templating: { list: { name: string; type: string; query: unknown; definition?: string }[] }
	annotations: { list: { expr: string }[] }
}

/** Every query of the alerts and the dashboard, with its place. */
export function queries(): { where: string; expr: string }[] {
	return [
		...alerts.map(({ alert, expr }) => ({ where: alert, expr })),
		...recordings.map(({ record, expr }) => ({ where: record, expr })),
		...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expr }))),
		...dashboard.annotations.list.map(({ expr }) => ({ where: 'annotations', expr })),
		...dashboard.templating.list.flatMap(({ name, definition }) => {
			const [, expr] = /^label_values\((.+), \w+\)$/.exec(definition ?? '') ?? []
			return expr ? [{ where: `variable ${name}`, expr }] : []
		}),
	]
}
