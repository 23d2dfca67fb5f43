import { Box, Button, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconDownload, IconPrinter } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { toCsv } from '../../contract/csv.ts'
import type { DayListItem, Doctor, Page } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { Screen } from '../shell/layout.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import { saveFile } from '../shell/save-file.ts'
import { Skeletons } from '../shell/skeletons.tsx'
import { ListMessage } from './list-message.tsx'
import classes from './sheet.module.css'

const isDate = (text: string | null): text is string => text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text)

/** The visits of a day on paper: of all doctors, of one, or of one site. What is chosen is kept in the address. */
export default function DaySheetScreen() {
	const { t } = useTranslation()
	const format = useFormat()
	const [params, setParams] = useSearchParams()
	const asked = params.get('date')
	const date = isDate(asked) ? asked : dateIn(Date.now(), viewerZone())
	const [doctorId, siteId] = [params.get('doctor') ?? '', params.get('site') ?? '']
	const choose = (next: Record<string, string | null>) => {
		const chosen = { date, doctor: doctorId, site: siteId, ...next }
		setParams(Object.fromEntries(Object.entries(chosen).filter((entry): entry is [string, string] => !!entry[1])), { replace: true })
	}
	const list = useQuery({
		queryKey: ['day-list', date, doctorId, siteId],
		queryFn: ({ signal }) => request<{ items: DayListItem[] }>(`/day-list${query({ date, doctorId, siteId })}`, { signal }),
		placeholderData: keepPreviousData,
		staleTime: 0,
	})
	const items = list.data?.items ?? []
	return (
		<Screen title={`${t('history.sheet.title')}, ${format.dateLong(date)} ${date.slice(0, 4)}`} wide>
			<Stack>
				<Filters {...{ date, doctorId, siteId }} choose={choose} />
				{items.length > 0 && <Actions date={date} items={items} />}
				{list.error && <ErrorMessage error={list.error} onRetry={() => void list.refetch()} />}
				{list.isPending && <Skeletons heights={[40, 40, 40, 40]} />}
				{list.data && items.length === 0 && <Empty title={t('history.sheet.empty')} />}
				<div className={classes.sheets} aria-busy={list.isPlaceholderData}>
					{byDoctor(items).map(visits => (
						<Sheet key={visits[0]?.doctorId} visits={visits} />
					))}
				</div>
			</Stack>
		</Screen>
	)
}

type Chosen = { date: string; doctorId: string; siteId: string }

const Filters = ({ date, doctorId, siteId, choose }: Chosen & { choose: (next: Record<string, string | null>) => void }) => {
	const { t } = useTranslation()
	const doctors = useQuery({ queryKey: ['doctors', 'desk'], queryFn: () => request<Page<Doctor>>('/doctors?limit=200'), staleTime: 60_000 })
	const sites = useQuery({
		queryKey: ['sites'],
		queryFn: () => request<{ items: { id: string; name: string }[] }>('/sites'),
		staleTime: 60_000,
	})
	return (
		<Group align="flex-end" gap="sm" className={classes.screenOnly}>
			<TextInput
				type="date"
				label={t('history.sheet.date')}
				value={date}
				onChange={event => isDate(event.currentTarget.value) && choose({ date: event.currentTarget.value })}
			/>
			<Select
				comboboxProps={{ withinPortal: false }}
				label={t('history.sheet.doctor')}
				placeholder={t('history.sheet.allDoctors')}
				searchable
				clearable
				clearButtonProps={{ 'aria-label': t('history.sheet.allDoctors') }}
				data={(doctors.data?.items ?? []).map(({ id, fullName }) => ({ value: id, label: fullName }))}
				value={doctorId || null}
				onChange={doctor => choose({ doctor })}
			/>
			{(sites.data?.items.length ?? 0) > 1 && (
				<Select
					comboboxProps={{ withinPortal: false }}
					label={t('history.sheet.site')}
					placeholder={t('history.sheet.allSites')}
					clearable
					clearButtonProps={{ 'aria-label': t('history.sheet.allSites') }}
					data={(sites.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
					value={siteId || null}
					onChange={site => choose({ site })}
				/>
			)}
			<Button component={Link} to={`/desk?date=${date}`} variant="default">
				{t('history.sheet.back')}
			</Button>
		</Group>
	)
}

const Actions = ({ date, items }: { date: string; items: readonly DayListItem[] }) => {
	const { t } = useTranslation()
	const save = () => {
		const columns = ['date', 'time', 'doctor', 'site', 'patient', 'born', 'phone', 'type', 'reason', 'status'] as const
		const rows = items.map(item => [
			dateIn(item.startsAt, item.timeZone),
			clockIn(item),
			item.doctorName,
			item.siteName ?? '',
			item.patientName,
			item.birthDate ?? '',
			item.phone ?? '',
			item.typeName,
			item.reason ?? '',
			t(`status.${item.status}`),
		])
		const text = toCsv(
			columns.map(column => t(`history.sheet.${column}`)),
			rows,
		)
		saveFile(new Blob([text], { type: 'text/csv;charset=utf-8' }), `day-${date}.csv`)
	}
	return (
		<Stack gap="xs" className={classes.screenOnly}>
			<Group gap="xs">
				<Button leftSection={<IconPrinter size={18} aria-hidden />} onClick={() => window.print()}>
					{t('history.sheet.print')}
				</Button>
				<Button variant="default" leftSection={<IconDownload size={18} aria-hidden />} onClick={save}>
					{t('history.sheet.csv')}
				</Button>
			</Group>
			<ListMessage items={items} />
		</Stack>
	)
}

const clockIn = ({ startsAt, timeZone }: DayListItem) =>
	new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone }).format(new Date(startsAt))

function byDoctor(items: readonly DayListItem[]): DayListItem[][] {
	const groups = new Map<string, DayListItem[]>()
	for (const item of items) groups.set(item.doctorId, [...(groups.get(item.doctorId) ?? []), item])
	return [...groups.values()]
}

/** One doctor's day, on a page of its own. */
const Sheet = ({ visits }: { visits: readonly DayListItem[] }) => {
	const { t } = useTranslation()
	const [first] = visits
	const format = useFormat(first?.timeZone)
	if (!first) return null
	const columns = ['time', 'patient', 'born', 'phone', 'type', 'reason', 'status', 'notes'] as const
	const sites = [...new Set(visits.flatMap(({ siteName }) => siteName ?? []))].join(', ')
	return (
		<section className={classes.sheet} aria-labelledby={`sheet-${first.doctorId}`} data-testid="day-sheet">
			<Title order={2} size="h4" id={`sheet-${first.doctorId}`}>
				{first.doctorName}
			</Title>
			<Text size="sm">
				{format.day(first.startsAt)}
				{sites && ` · ${sites}`} · {t('history.sheet.visits', { count: visits.length })} ·{' '}
				{t('history.sheet.zone', { zone: format.zone(first.timeZone) })}
			</Text>
			<Box role="group" className={classes.scroll} tabIndex={0} aria-label={first.doctorName}>
				<table>
					<thead>
						<tr>
							{columns.map(column => (
								<th key={column} scope="col">
									{t(`history.sheet.${column}`)}
								</th>
							))}
						</tr>
					</thead>
					<tbody>
						{visits.map(visit => (
							<tr key={visit.appointmentId}>
								<th scope="row">{format.time(visit.startsAt)}</th>
								<td>
									<bdi>{visit.patientName}</bdi>
								</td>
								<td>{visit.birthDate}</td>
								<td dir="ltr">{visit.phone}</td>
								<td>{visit.typeName}</td>
								<td>{visit.reason}</td>
								<td>{t(`status.${visit.status}`)}</td>
								<td className={classes.notes} />
							</tr>
						))}
					</tbody>
				</table>
			</Box>
		</section>
	)
}
