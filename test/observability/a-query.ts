import { parser } from '@prometheus-io/lezer-promql'

/** A metric that a query reads, and the labels by which the query selects series. */
export type Selected = { metric: string; labels: string[] }

/** The metrics that a PromQL query reads, and the labels it groups by. Replaces Grafana's variables. @throws Error for invalid PromQL */
export function readQuery(query: string): { selected: Selected[]; groupedBy: string[] } {
	const text = query.replaceAll('$__rate_interval', '5m')
	const textOf = ({ from, to }: { from: number; to: number }) => text.slice(from, to)
	const selected: Selected[] = []
	const groupedBy: string[] = []
	parser.parse(text).iterate({
		enter(node) {
			if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${text}`)
			const parent = node.node.parent?.name
			if (node.name === 'Identifier' && parent === 'VectorSelector') selected.push({ metric: textOf(node), labels: [] })
			if (node.name === 'LabelName' && parent === 'UnquotedLabelMatcher') selected.at(-1)?.labels.push(textOf(node))
			if (node.name === 'LabelName' && parent === 'GroupingLabels') groupedBy.push(textOf(node))
		},
	})
	return { selected, groupedBy }
}
