import { Anchor, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Doctor, Site } from '../../../contract/index.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { Empty } from '../../shell/messages.tsx'
import { useDoctors, useSites } from './queries.ts'
import { type QuickHours, QuickHoursForm, usualHours } from './quick-hours-form.tsx'

/** Hours of doctors who have none yet, in one form each; all else of hours is on the doctor's own page. */
export const HoursSettings = () => {
	const { t } = useTranslation()
	const doctors = useDoctors()
	const sites = useSites()
	return (
		<Loaded query={doctors} outline={[180, 60]}>
			{found => (
				<Loaded query={sites} outline={[180]}>
					{places => {
						const open = places.filter(({ archived }) => !archived)
						if (found.length === 0) return <Empty title={t('setup.hours.noDoctors')} />
						return <Hours doctors={found} sites={open} />
					}}
				</Loaded>
			)}
		</Loaded>
	)
}

const searchedFrom = 12
const shownAtMost = 50

const Hours = ({ doctors, sites }: { doctors: Doctor[]; sites: Site[] }) => {
	const { t } = useTranslation()
	// What was saved last is what the next doctor most likely has.
	const [start, setStart] = useState<QuickHours>(() => usualHours(sites[0]?.id ?? ''))
	const [lacking, having] = [doctors.filter(({ siteIds }) => siteIds.length === 0), doctors.filter(({ siteIds }) => siteIds.length > 0)]
	const [next] = lacking
	const [q, setQ] = useState('')
	const found = (some: Doctor[]) =>
		some.filter(({ fullName }) => fullName.toLowerCase().includes(q.trim().toLowerCase())).slice(0, shownAtMost)
	return (
		<Stack>
			{next && (
				<Card withBorder>
					<QuickHoursForm key={next.id} doctor={next} start={start} sites={sites} others={having} onSaved={setStart} />
				</Card>
			)}
			{doctors.length > searchedFrom && (
				<TextInput
					type="search"
					label={t('setup.hours.search')}
					maxLength={100}
					value={q}
					onChange={event => setQ(event.currentTarget.value)}
				/>
			)}
			{found(lacking.slice(1)).map(doctor => (
				<Card key={doctor.id} withBorder p="sm">
					<DoctorLine doctor={doctor} text={t('setup.hours.none')} />
				</Card>
			))}
			{found(having).map(doctor => (
				<Card key={doctor.id} withBorder p="sm" data-testid="doctor-with-hours">
					<DoctorLine
						doctor={doctor}
						text={sites
							.filter(({ id }) => doctor.siteIds.includes(id))
							.map(({ name }) => name)
							.join(', ')}
					/>
				</Card>
			))}
		</Stack>
	)
}

const DoctorLine = ({ doctor, text }: { doctor: Doctor; text: string }) => {
	const { t } = useTranslation()
	return (
		<Group justify="space-between" gap="xs">
			<div>
				<Title order={2} size="h5">
					{doctor.fullName}
				</Title>
				<Text fz="sm">{text}</Text>
			</div>
			<Anchor component={Link} to={`/admin/users/${doctor.id}/hours`} underline="always">
				{`${t('setup.hours.all')}: ${doctor.fullName}`}
			</Anchor>
		</Group>
	)
}
