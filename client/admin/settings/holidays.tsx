import { Button, Checkbox, Group, NativeSelect, Paper, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Clinic, Closure, Holidays as Found, Holiday } from '../../../contract/index.ts'
import { query, request } from '../../api/http.ts'
import { dateIn } from '../../i18n/format.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { Failure } from '../in-use.tsx'
import { ClosureEffects, useDays } from './closure-effects.tsx'
import { countryOf, useCountries } from './countries.ts'
import { keys, useSaving } from './queries.ts'

/** A country's holidays, to be ticked and made closures. */
export const Holidays = ({ closures, clinic }: { closures: Closure[]; clinic: Clinic }) => {
	const { t } = useTranslation()
	const countries = useCountries()
	const today = dateIn(Date.now(), clinic.timeZone)
	const thisYear = Number(today.slice(0, 4))
	const [country, setCountry] = useState(() => clinic.address?.country ?? countryOf(clinic.timeZone) ?? '')
	const [region, setRegion] = useState('')
	// In December it is the next year's that count.
	const [year, setYear] = useState(today.slice(5) >= '12-01' ? thisYear + 1 : thisYear)
	const holidays = useQuery({
		queryKey: ['holidays', country, region, year, clinic.locale],
		queryFn: ({ signal }) => request<Found>(`/closures/holidays${query({ country, region, year, language: clinic.locale })}`, { signal }),
		enabled: country !== '',
		staleTime: Number.POSITIVE_INFINITY,
	})
	return (
		<Paper withBorder p="md" component="section" aria-labelledby="holidays">
			<Stack>
				<Title order={2} size="h4" id="holidays">
					{t('setup.holidays.title')}
				</Title>
				<SimpleGrid cols={{ base: 1, xs: 3 }}>
					<Select
						comboboxProps={{ withinPortal: false }}
						label={t('setup.address.country')}
						data={countries}
						limit={60}
						searchable
						allowDeselect={false}
						onFocus={event => event.currentTarget.select()}
						value={country || null}
						onChange={chosen => {
							if (chosen) setCountry(chosen)
							setRegion('')
						}}
					/>
					<NativeSelect
						label={t('setup.address.region')}
						disabled={!holidays.data?.regions.length}
						data={[
							{ value: '', label: t('setup.holidays.whole') },
							...(holidays.data?.regions ?? []).map(({ code, name }) => ({ value: code, label: name })),
						]}
						value={region}
						onChange={event => setRegion(event.currentTarget.value)}
					/>
					<NativeSelect
						label={t('setup.holidays.year')}
						data={[thisYear, thisYear + 1, thisYear + 2].map(String)}
						value={String(year)}
						onChange={event => setYear(Number(event.currentTarget.value))}
					/>
				</SimpleGrid>
				{country !== '' && (
					<Loaded query={holidays} outline={[200]}>
						{({ items }) => (
							<HolidayList
								key={`${country} ${region} ${year}`}
								holidays={items.filter(({ to }) => to >= today)}
								closures={closures.filter(({ siteId }) => siteId === undefined)}
							/>
						)}
					</Loaded>
				)}
			</Stack>
		</Paper>
	)
}

const idOf = ({ from, name }: Holiday) => `${from} ${name}`

const HolidayList = ({ holidays, closures }: { holidays: Holiday[]; closures: Closure[] }) => {
	const { t } = useTranslation()
	const days = useDays()
	const isClosed = ({ from, to }: Holiday) => closures.some(closure => closure.from <= from && to <= closure.to)
	const open = holidays.filter(holiday => !isClosed(holiday))
	const [ticked, setTicked] = useState(() => open.filter(({ kind }) => kind === 'public').map(idOf))
	const chosen = open.filter(holiday => ticked.includes(idOf(holiday)))
	const [settled] = useDebouncedValue(ticked.join(), 300)
	const add = useSaving(async () => {
		// One after the other: each brings all calendars in line.
		for (const { from, to, name } of chosen) await request('/closures', { method: 'POST', body: { from, to, name: name.slice(0, 100) } })
	}, [keys.closures])
	if (holidays.length === 0) return <Text>{t('setup.holidays.none')}</Text>
	return (
		<Stack>
			<Checkbox.Group value={ticked} onChange={setTicked} label={t('setup.holidays.which')}>
				<SimpleGrid cols={{ base: 1, sm: 2 }} mt="xs" spacing="xs" verticalSpacing="xs">
					{holidays.map(holiday => (
						<Checkbox
							key={idOf(holiday)}
							value={idOf(holiday)}
							disabled={isClosed(holiday)}
							label={holiday.name}
							description={`${days(holiday)}${isClosed(holiday) ? ` · ${t('setup.holidays.closed')}` : ''}`}
						/>
					))}
				</SimpleGrid>
			</Checkbox.Group>
			<div aria-live="polite">
				{chosen.length > 0 && settled === ticked.join() && !add.isPending && <ClosureEffects closures={chosen.map(toClosure)} />}
			</div>
			{add.error && <Failure error={add.error} />}
			<Group>
				<Button size="md" disabled={chosen.length === 0} loading={add.isPending} onClick={() => add.mutate(undefined)}>
					{t('setup.holidays.add', { number: chosen.length })}
				</Button>
			</Group>
		</Stack>
	)
}

const toClosure = ({ from, to, name }: Holiday) => ({ from, to, name: name.slice(0, 100) })
