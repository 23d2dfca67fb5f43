import { ActionIcon, Box, Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { TimeInput } from '@mantine/dates'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Site } from '../../contract/index.ts'
import classes from './hours.module.css'
import { aRange, type Faults, type Range } from './weekly-hours.ts'

type Props = {
	/** Of which day they are. */
	day: string
	ranges: Range[]
	faults: Faults['ranges'] | undefined
	onChange: (ranges: Range[]) => void
	/** Where each range has a site of its own. */
	sites?: Site[]
	/** Beside the button that adds a range. */
	children?: ReactNode
}

/** The hours of one day, as ranges from a time to a time. */
export const RangeFields = ({ day, ranges, faults, onChange, sites, children }: Props) => {
	const { t } = useTranslation()
	const id = useId()
	const change = (key: string, next: Partial<Range>) => onChange(ranges.map(range => (range.key === key ? { ...range, ...next } : range)))
	const add = () => {
		const siteId = ranges.at(-1)?.siteId ?? sites?.[0]?.id
		onChange([...ranges, ranges.length === 0 ? aRange('09:00', '17:00', siteId) : aRange('', '', siteId)])
	}
	return (
		<Box className={classes.day} role="group" aria-labelledby={id}>
			<Text id={id} fw={600} pt={6}>
				{day}
			</Text>
			<Stack gap={6} miw={0}>
				{ranges.length === 0 && <Text pt={6}>{t('doctor.hours.closed')}</Text>}
				{ranges.map((range, index) => {
					const fault = faults?.[range.key]
					const name = (end: string) => t('doctor.hours.rangeEnd', { day, number: index + 1, end: t(`doctor.hours.${end}`) })
					const time = (end: 'from' | 'to') => ({
						'aria-label': name(end),
						value: range[end],
						error: fault !== undefined,
						'aria-describedby': fault && `${id}-${range.key}`,
						onChange: (event: React.ChangeEvent<HTMLInputElement>) => change(range.key, { [end]: event.currentTarget.value }),
					})
					return (
						<div key={range.key}>
							<Group gap={6}>
								<TimeInput {...time('from')} />
								<span aria-hidden>–</span>
								<TimeInput {...time('to')} />
								{sites && (
									<NativeSelect
										aria-label={t('hours.day.siteOf', { day, number: index + 1 })}
										data={sites.map(site => ({ value: site.id, label: site.name }))}
										value={range.siteId ?? ''}
										onChange={event => change(range.key, { siteId: event.currentTarget.value })}
									/>
								)}
								<ActionIcon
									variant="subtle"
									size={36}
									aria-label={t('doctor.hours.removeRange', { day, number: index + 1 })}
									onClick={() => onChange(ranges.filter(other => other !== range))}
								>
									<IconTrash size={18} aria-hidden />
								</ActionIcon>
							</Group>
							{fault && (
								<Text id={`${id}-${range.key}`} fz="sm" c="var(--mantine-color-error)" role="alert">
									{t(`doctor.hours.fault.${fault}`)}
								</Text>
							)}
						</div>
					)
				})}
			</Stack>
			<Group gap={4}>
				<Button
					variant="subtle"
					size="sm"
					leftSection={<IconPlus size={16} aria-hidden />}
					aria-label={`${t('doctor.hours.addRange')}: ${day}`}
					onClick={add}
				>
					{t('doctor.hours.addRange')}
				</Button>
				{children}
			</Group>
		</Box>
	)
}
