import { useTranslation } from 'react-i18next'
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import type { Analytics } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import { ChartCard, tip, useAxes } from './chart.tsx'
import { useDuration } from './duration.ts'

const height = 260
const grid = <CartesianGrid stroke="var(--chart-line)" strokeOpacity={0.35} vertical={false} />
const cursor = { fill: 'var(--mantine-color-default-hover)' }
const still = { isAnimationActive: false } as const

export const BookingsByDay = ({ byDay }: Pick<Analytics, 'byDay'>) => {
	const { t } = useTranslation()
	const format = useFormat()
	const { across, up } = useAxes()
	const name = t('admin.analytics.booked')
	const busiest = byDay.reduce((most, day) => (day.booked > most.booked ? day : most), byDay[0] ?? { date: '', booked: 0 })
	return (
		<ChartCard
			title={t('admin.analytics.byDay')}
			summary={t('admin.analytics.byDaySummary', {
				days: format.number(byDay.length),
				total: format.number(byDay.reduce((sum, day) => sum + day.booked, 0)),
				date: busiest.date && format.dateLong(busiest.date),
				most: format.number(busiest.booked),
			})}
			table={{ head: [t('admin.analytics.date'), name], rows: byDay.map(day => [format.dateLong(day.date), format.number(day.booked)]) }}
		>
			<ResponsiveContainer width="100%" height={height}>
				<BarChart data={byDay} accessibilityLayer={false}>
					{grid}
					<XAxis dataKey="date" tickFormatter={format.dateDay} minTickGap={28} {...across} />
					<YAxis allowDecimals={false} tickFormatter={format.number} width={40} {...up} />
					<Tooltip content={tip(format.dateLong, format.number)} cursor={cursor} {...still} />
					<Bar dataKey="booked" name={name} fill="var(--chart-first)" {...still} />
				</BarChart>
			</ResponsiveContainer>
		</ChartCard>
	)
}

export const Losses = ({ byDay, totals }: Pick<Analytics, 'byDay' | 'totals'>) => {
	const { t } = useTranslation()
	const format = useFormat()
	const { across, up } = useAxes()
	const [noShow, cancelled] = [t('admin.analytics.noShow'), t('admin.analytics.cancelled')]
	return (
		<ChartCard
			title={t('admin.analytics.losses')}
			summary={t('admin.analytics.lossesSummary', { noShow: format.number(totals.noShow), cancelled: format.number(totals.cancelled) })}
			table={{
				head: [t('admin.analytics.date'), noShow, cancelled],
				rows: byDay.map(day => [format.dateLong(day.date), format.number(day.noShow), format.number(day.cancelled)]),
			}}
			legend={[
				{ label: noShow, mark: 'first' },
				{ label: cancelled, mark: 'second' },
			]}
		>
			<ResponsiveContainer width="100%" height={height}>
				<BarChart data={byDay} accessibilityLayer={false}>
					<defs>
						<pattern id="stripes" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
							<rect width="3" height="5" fill="var(--chart-second)" />
						</pattern>
					</defs>
					{grid}
					<XAxis dataKey="date" tickFormatter={format.dateDay} minTickGap={28} {...across} />
					<YAxis allowDecimals={false} tickFormatter={format.number} width={40} {...up} />
					<Tooltip content={tip(format.dateLong, format.number)} cursor={cursor} {...still} />
					<Bar dataKey="noShow" name={noShow} stackId="lost" fill="var(--chart-first)" {...still} />
					<Bar dataKey="cancelled" name={cancelled} stackId="lost" fill="url(#stripes)" stroke="var(--chart-second)" {...still} />
				</BarChart>
			</ResponsiveContainer>
		</ChartCard>
	)
}

/** Bars that lie, with room for names. */
const LyingBars = ({
	rows,
	name,
	max,
	write,
}: {
	rows: { label: string; value: number }[]
	name: string
	max?: number
	write: (value: number) => string
}) => {
	const { across, up } = useAxes()
	return (
		<ResponsiveContainer width="100%" height={Math.max(140, rows.length * 30 + 40)}>
			<BarChart data={rows} layout="vertical" accessibilityLayer={false}>
				<CartesianGrid stroke="var(--chart-line)" strokeOpacity={0.35} horizontal={false} />
				<XAxis type="number" domain={[0, max ?? 'auto']} tickFormatter={write} {...across} />
				<YAxis type="category" dataKey="label" width={130} interval={0} {...up} />
				<Tooltip content={tip(label => label, write)} cursor={cursor} {...still} />
				<Bar dataKey="value" name={name} fill="var(--chart-first)" {...still} />
			</BarChart>
		</ResponsiveContainer>
	)
}

const mostDoctors = 25

export const Utilisation = ({ byDoctor, utilisation }: Pick<Analytics, 'byDoctor' | 'utilisation'>) => {
	const { t } = useTranslation()
	const format = useFormat()
	const name = t('admin.analytics.utilisation')
	const ranked = byDoctor.toSorted((a, b) => (b.utilisation ?? -1) - (a.utilisation ?? -1))
	const shown = ranked.filter(doctor => doctor.utilisation !== null).slice(0, mostDoctors)
	return (
		<ChartCard
			title={t('admin.analytics.byDoctor')}
			summary={t('admin.analytics.byDoctorSummary', { all: format.percent(utilisation), doctors: format.number(byDoctor.length) })}
			table={{
				head: [
					t('admin.analytics.doctor'),
					name,
					t('admin.analytics.slots'),
					t('admin.analytics.bookedSlots'),
					t('admin.analytics.appointments'),
					t('admin.analytics.noShow'),
					t('admin.analytics.cancelled'),
				],
				rows: ranked.map(doctor => [
					doctor.fullName,
					format.percent(doctor.utilisation),
					...[doctor.slots, doctor.bookedSlots, doctor.appointments, doctor.noShow, doctor.cancelled].map(format.number),
				]),
			}}
		>
			<LyingBars
				rows={shown.map(({ fullName, utilisation: value }) => ({ label: fullName, value: value ?? 0 }))}
				name={name}
				max={1}
				write={format.percent}
			/>
		</ChartCard>
	)
}

export const LeadTime = ({ leadTime }: Pick<Analytics, 'leadTime'>) => {
	const { t } = useTranslation()
	const duration = useDuration()
	const rows = [
		{ label: t('admin.analytics.median'), value: leadTime.medianHours },
		{ label: t('admin.analytics.mean'), value: leadTime.meanHours },
		{ label: t('admin.analytics.p90'), value: leadTime.p90Hours },
	]
	return (
		<ChartCard
			title={t('admin.analytics.leadTime')}
			summary={t('admin.analytics.leadTimeSummary', { median: duration(leadTime.medianHours), p90: duration(leadTime.p90Hours) })}
			table={{
				head: [t('admin.analytics.measure'), t('admin.analytics.leadTime')],
				rows: rows.map(({ label, value }) => [label, duration(value)]),
			}}
		>
			<LyingBars
				rows={rows.map(({ label, value }) => ({ label, value: value ?? 0 }))}
				name={t('admin.analytics.leadTime')}
				write={duration}
			/>
		</ChartCard>
	)
}
