/** One line of a scrape by Prometheus. */
export type Figure = { name: string; labels: Record<string, string>; value: number }

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const pair = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Reads the text format, see https://prometheus.io/docs/instrumenting/exposition_formats/. */
export const parseFigures = (text: string): Figure[] =>
	text
		.split('\n')
		.filter(each => each && !each.startsWith('#'))
		.map(each => {
			const [, name, labels = '', value] = line.exec(each) ?? []
			if (!name) throw new Error(`not a figure: ${each}`)
			return { name, labels: Object.fromEntries([...labels.matchAll(pair)].map(([, key, of]) => [key, of])), value: Number(value) }
		})

/** Scrapes a node's metrics, as text and parsed. */
export const scrape = async ({ url }: { url: string }, token?: string) => {
	const answer = await fetch(`${url}/metrics`, token ? { headers: { authorization: `Bearer ${token}` } } : {})
	if (!answer.ok) throw new Error(`/metrics answers ${answer.status}`)
	const text = await answer.text()
	const figures = parseFigures(text)
	return {
		text,
		figures,
		/** The sum of the figures with this name and these labels; undefined when there is none. */
		sum(name: string, labels: Record<string, string> = {}): number | undefined {
			const found = figures.filter(each => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value))
			return found.length > 0 ? found.reduce((total, { value }) => total + value, 0) : undefined
		},
	}
}

export type Scraped = Awaited<ReturnType<typeof scrape>>
