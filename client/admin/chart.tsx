import { Button, Group, Paper, ScrollArea, Table, Text, Title, useDirection } from '@mantine/core'
import { IconChartBar, IconTable } from '@tabler/icons-react'
import { type ReactNode, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './chart.module.css'

type FigureTable = { head: string[]; rows: (string | number)[][] }

/** The table that says what a chart shows. */
const FiguresTable = ({ caption, head, rows }: FigureTable & { caption: string }) => {
	const { t } = useTranslation()
	return (
		<ScrollArea.Autosize
			mah={420}
			type="auto"
			viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('admin.chart.table', { title: caption }) }}
		>
			<Table striped stickyHeader fz="sm">
				<Table.Caption>{caption}</Table.Caption>
				<Table.Thead>
					<Table.Tr>
						{head.map(text => (
							<Table.Th key={text} scope="col">
								{text}
							</Table.Th>
						))}
					</Table.Tr>
				</Table.Thead>
				<Table.Tbody>
					{rows.map(([first, ...others], row) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: two doctors may share a name, and the rows keep their order
						<Table.Tr key={row}>
							<Table.Th scope="row" fw={400}>
								{first}
							</Table.Th>
							{others.map((text, index) => (
								<Table.Td key={head[index + 1]}>{text}</Table.Td>
							))}
						</Table.Tr>
					))}
				</Table.Tbody>
			</Table>
		</ScrollArea.Autosize>
	)
}

type ChartCardProps = {
	title: string
	/** In a sentence what the chart shows: what is read out in its place. */
	summary: string
	table: FigureTable
	legend?: { label: string; mark: 'first' | 'second' }[]
	children: ReactNode
}

/** A chart, what it says in words, and the same figures as a table on demand. */
export const ChartCard = ({ title, summary, table, legend, children }: ChartCardProps) => {
	const { t } = useTranslation()
	const [asTable, setAsTable] = useState(false)
	const id = useId()
	return (
		<Paper component="section" withBorder p="md" aria-labelledby={id} data-testid="analytics-chart" className={classes.card}>
			<Group justify="space-between" gap="xs" mb="xs" wrap="nowrap" align="flex-start">
				<Title order={2} size="h4" id={id}>
					{title}
				</Title>
				<Button
					variant="subtle"
					size="compact-sm"
					flex="0 0 auto"
					leftSection={asTable ? <IconChartBar size={16} aria-hidden /> : <IconTable size={16} aria-hidden />}
					aria-label={`${t(asTable ? 'admin.chart.asChart' : 'admin.chart.asTable')}: ${title}`}
					onClick={() => setAsTable(!asTable)}
				>
					{t(asTable ? 'admin.chart.asChart' : 'admin.chart.asTable')}
				</Button>
			</Group>
			{asTable ? (
				<FiguresTable caption={title} {...table} />
			) : (
				<>
					{/* Charts are drawn from left to right; their axes are turned round for languages that are not. */}
					<div role="img" aria-label={summary} dir="ltr">
						{children}
					</div>
					{legend && (
						<Group gap="lg" justify="center" mt="xs" aria-hidden>
							{legend.map(({ label, mark }) => (
								<Group key={label} gap={6}>
									<span className={classes.mark} data-mark={mark} />
									<Text fz="sm">{label}</Text>
								</Group>
							))}
						</Group>
					)}
				</>
			)}
		</Paper>
	)
}

/** What an axis needs in either direction of writing. */
export const useAxes = () => {
	const { dir } = useDirection()
	const tick = { fill: 'var(--mantine-color-text)', fontSize: 12 }
	const rtl = dir === 'rtl'
	return {
		across: { tick, stroke: 'var(--chart-line)', reversed: rtl },
		up: { tick, stroke: 'var(--chart-line)', orientation: rtl ? ('right' as const) : ('left' as const) },
	}
}

type TipProps = {
	active?: boolean
	label?: string | number
	payload?: readonly { name?: string | number; value?: unknown; payload?: unknown }[]
}

/** What is shown beside the pointer, in the words and numbers of the page. */
export const tip = (title: (label: string) => string, value: (value: number) => string) =>
	function Tip({ active, label, payload }: TipProps) {
		const { dir } = useDirection()
		if (!active || !payload?.length) return null
		return (
			<Paper withBorder shadow="sm" p="xs" dir={dir}>
				<Text fz="sm" fw={650}>
					{title(String(label ?? ''))}
				</Text>
				{payload.map(entry => (
					<Text key={String(entry.name)} fz="sm">{`${entry.name}: ${value(Number(entry.value))}`}</Text>
				))}
			</Paper>
		)
	}
