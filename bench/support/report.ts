import { median, type Row, summarise, type Target } from './measure.ts'

const figure = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2))

export const targetText = (target: Target): string => {
	const unit = target.unit === 'x' ? 'x' : ' ms'
	return 'atLeast' in target ? `>= ${target.atLeast}${unit}` : `<= ${target.atMost}${unit}`
}

/** The medians of the parts of each number. */
const remarks = ({ measured, note }: Row): string =>
	[
		...(measured ? [`${figure(median(measured.subject))} : ${figure(median(measured.baseline))} ${measured.unit}`] : []),
		...(note ? [note] : []),
	].join('; ')

const cells = (row: Row): string[] => {
	const summary = summarise(row)
	const { min, max, met } = summary
	return [row.name, targetText(row.target), figure(min), figure(summary.median), figure(max), met ? 'met' : 'NOT MET', remarks(row)]
}

const heading = ['benchmark', 'target', 'min', 'median', 'max', '', '']

/** The table as text, columns aligned. */
export const table = (rows: readonly Row[]): string => {
	const lines = [heading, ...rows.map(cells)]
	const widths = heading.map((_, column) => Math.max(...lines.map(line => (line[column] as string).length)))
	const isText = (column: number) => column < 2 || column > 4
	return lines
		.map(line => line.map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))))
		.map(line => line.join('  ').trimEnd())
		.join('\n')
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const layout = { left: 210, plot: 420, right: 130, line: 26, top: 44 }
/** The chart draws the target at this share of the plot, and cuts off what lies beyond the end. */
const targetAt = 0.5

/** The position of a value on the plot, relative to the target. */
const positionOf = (value: number, target: Target): number => {
	const goal = 'atLeast' in target ? target.atLeast : target.atMost
	return layout.left + layout.plot * Math.min(1, Math.max(0, (value / goal) * targetAt))
}

const drawRow = (row: Row, index: number): string => {
	const { min, median: middle, max, met } = summarise(row)
	const y = layout.top + index * layout.line
	const x = (value: number) => positionOf(value, row.target).toFixed(1)
	const colour = met ? '#2b8a3e' : '#c92a2a'
	const width = (Number(x(max)) - Number(x(min))).toFixed(1)
	const unit = row.target.unit === 'x' ? 'x' : ' ms'
	return [
		`<text x="${layout.left - 10}" y="${y + 4}" text-anchor="end">${escaped(row.name)}</text>`,
		`<line x1="${layout.left}" y1="${y}" x2="${layout.left + layout.plot}" y2="${y}" stroke="#ced4da"/>`,
		`<rect x="${x(min)}" y="${y - 3}" width="${width}" height="6" rx="3" fill="${colour}" opacity="0.35"/>`,
		`<circle cx="${x(middle)}" cy="${y}" r="5" fill="${colour}"/>`,
		`<text x="${layout.left + layout.plot + 10}" y="${y + 4}">${figure(middle)}${unit} (${escaped(targetText(row.target))})</text>`,
	].join('\n')
}

/** Draws a chart of all rows: the median as a dot, the range of all rounds as a bar, each with its own target. */
export const chart = (rows: readonly Row[]): string => {
	const width = layout.left + layout.plot + layout.right
	const height = layout.top + rows.length * layout.line
	const middle = layout.left + layout.plot * targetAt
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#343a40">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${middle}" y="18" text-anchor="middle">target</text>
<line x1="${middle}" y1="24" x2="${middle}" y2="${height - 8}" stroke="#868e96" stroke-dasharray="4 3"/>
${rows.map(drawRow).join('\n')}
</svg>
`
}

export type Machine = { cpus: number; model: string; loadAverage: number[]; node: string; at: string }

/** All results as JSON, for programs. */
export const asJson = (rows: readonly Row[], machine: Machine): string =>
	`${JSON.stringify({ machine, rows: rows.map(row => ({ ...row, ...summarise(row) })) }, null, 2)}\n`
