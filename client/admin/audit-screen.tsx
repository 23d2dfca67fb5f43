import { Box, Button, Collapse, Group, Paper, Select, Stack, Text, TextInput } from '@mantine/core'
import { DatePickerInput } from '@mantine/dates'
import { useDebouncedValue } from '@mantine/hooks'
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useId, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditEntry, Page, Patient } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import { Dates, usePicker } from '../shell/dates.tsx'
import { Screen } from '../shell/layout.tsx'
import { More } from '../shell/loaded.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import classes from './audit.module.css'

const entities = ['user', 'patient', 'appointment', 'slot', 'schedule', 'time_off', 'notification', 'job'] as const

type Chosen = { id: string; name: string }

type Filter = { from: string | null; to: string | null; actor: string; entity: string | null; id: string; patient: Chosen | null }

const Filters = ({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const pickers = { from: usePicker(), to: usePicker() }
	const date = (field: 'from' | 'to') => ({
		label: t(`admin.audit.${field}`),
		placeholder: t('admin.audit.anyDay'),
		clearable: true,
		clearButtonProps: { 'aria-label': t('admin.audit.clear', { field: t(`admin.audit.${field}`) }) },
		...pickers[field],
		w: 190,
		value: filter[field],
		valueFormatter: () => (filter[field] ? `${format.dateDay(filter[field])} ${filter[field].slice(0, 4)}` : ''),
		onChange: (value: string | null) => onChange({ ...filter, [field]: value }),
	})
	return (
		<Group align="flex-start" gap="sm">
			<DatePickerInput {...date('from')} {...(filter.to && { maxDate: filter.to })} />
			<DatePickerInput {...date('to')} {...(filter.from && { minDate: filter.from })} />
			<TextInput
				type="search"
				label={t('admin.audit.actor')}
				description={t('admin.audit.actorText')}
				inputWrapperOrder={['label', 'input', 'description']}
				maxLength={100}
				value={filter.actor}
				onChange={event => onChange({ ...filter, actor: event.currentTarget.value })}
			/>
			<Select
				comboboxProps={{ withinPortal: false }}
				label={t('admin.audit.entity')}
				w={180}
				allowDeselect={false}
				data={[{ value: '', label: t('admin.users.all') }, ...entities.map(value => ({ value, label: entityName(t, value) }))]}
				value={filter.entity ?? ''}
				onChange={entity => onChange({ ...filter, entity: entity || null, ...(!entity && { id: '' }) })}
			/>
			<TextInput
				label={t('admin.audit.id')}
				w={120}
				maxLength={60}
				disabled={!filter.entity}
				value={filter.id}
				onChange={event => onChange({ ...filter, id: event.currentTarget.value })}
			/>
			<PatientChoice chosen={filter.patient} onChange={patient => onChange({ ...filter, patient })} />
		</Group>
	)
}

/** The name of a kind of record; the file of histories has those that came later. */
const entityName = (t: TFunction, entity: string): string =>
	t([`admin.audit.entities.${entity}`, `history.audit.entities.${entity}`], { defaultValue: entity })

const PatientChoice = ({ chosen, onChange }: { chosen: Chosen | null; onChange: (chosen: Chosen | null) => void }) => {
	const { t } = useTranslation()
	const [typed, setTyped] = useState(chosen?.name ?? '')
	const [asked] = useDebouncedValue(typed.trim(), 200)
	const found = useQuery({
		queryKey: ['patients', 'audit', asked],
		queryFn: ({ signal }) => request<Page<Patient>>(`/patients${query({ q: asked, limit: 8 })}`, { signal }),
		enabled: asked !== '' && asked !== chosen?.name,
	})
	const matches = (found.data?.items ?? []).map(({ id, fullName, phone }) => ({ id, name: fullName, hint: phone ?? '' }))
	const options = chosen && !matches.some(({ id }) => id === chosen.id) ? [{ ...chosen, hint: '' }, ...matches] : matches
	return (
		<Select
			comboboxProps={{ withinPortal: false }}
			label={t('history.audit.patient')}
			description={t('history.audit.patientHint')}
			inputWrapperOrder={['label', 'input', 'description']}
			placeholder={t('history.audit.anyPatient')}
			searchable
			clearable
			clearButtonProps={{ 'aria-label': t('admin.audit.clear', { field: t('history.audit.patient') }) }}
			// The server has searched: by phone and e-mail, too.
			filter={({ options }) => options}
			data={options.map(({ id, name, hint }) => ({ value: id, label: [name, hint].filter(Boolean).join(', ') }))}
			value={chosen?.id ?? null}
			onSearchChange={setTyped}
			onChange={id => onChange(options.find(option => option.id === id) ?? null)}
			data-testid="audit-patient"
		/>
	)
}

const written = (value: unknown): string =>
	Array.isArray(value) ? value.map(written).join(', ') : typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)

type Side = { status?: string; startsAt?: string; endsAt?: string; doctorId?: string }

const isChange = (value: unknown): value is Side =>
	typeof value === 'object' && value !== null && ('status' in value || 'startsAt' in value)

const Details = ({ entry }: { entry: AuditEntry }) => {
	const { t } = useTranslation()
	const format = useFormat(viewerZone())
	const changed = ({ status, startsAt, doctorId }: Side) =>
		[
			status && t(`status.${status}`, { defaultValue: status }),
			startsAt && format.full(startsAt),
			doctorId && `${t('admin.audit.detail.doctorId')} ${doctorId}`,
		]
			.filter(Boolean)
			.join(', ')
	const facts: [string, string][] = [
		[t('admin.audit.at'), format.full(entry.at)],
		[t('admin.audit.actorId'), entry.actorId ?? '–'],
		[t('admin.audit.entity'), `${entry.entity}${entry.entityId ? ` ${entry.entityId}` : ''}`],
		...(entry.patientName ? ([[t('history.audit.patient'), `${entry.patientName} (${entry.patientId})`]] as [string, string][]) : []),
		[t('admin.audit.ip'), entry.ip ?? '–'],
		[t('admin.audit.requestId'), entry.requestId ?? '–'],
		...Object.entries(entry.details).flatMap(([name, value]): [string, string][] =>
			name === 'patientId' && entry.patientName
				? []
				: [
						[
							t([`history.audit.${name}`, `admin.audit.detail.${name}`], { defaultValue: name }),
							isChange(value) ? changed(value) : written(value),
						],
					],
		),
	]
	return (
		<dl className={classes.facts}>
			{facts.map(([name, value]) => (
				<div key={name}>
					<dt>{name}</dt>
					<dd>
						<bdi>{value}</bdi>
					</dd>
				</div>
			))}
		</dl>
	)
}

const Row = ({ entry }: { entry: AuditEntry }) => {
	const { t } = useTranslation()
	const format = useFormat(viewerZone())
	const [open, setOpen] = useState(false)
	const id = useId()
	const action = t([`admin.audit.action.${entry.action}`, `history.audit.action.${entry.action}`], { defaultValue: entry.action })
	const entity = entityName(t, entry.entity)
	const actor = entry.actorName ?? t(entry.actorId ? 'admin.audit.unknown' : 'admin.audit.nobody')
	return (
		<Paper component="li" withBorder px="sm" py="xs" data-testid="audit-row">
			<div className={classes.row}>
				<Text fz="sm">
					<time dateTime={entry.at}>{format.dayAndTime(entry.at)}</time>
				</Text>
				<Text fw={650}>{actor}</Text>
				<Text>
					{action} · {entity} {entry.entityId && <bdi>{entry.entityId}</bdi>}
					{entry.patientName && entry.entity !== 'patient' && (
						<>
							{' · '}
							<bdi>{entry.patientName}</bdi>
						</>
					)}
				</Text>
				<Button
					variant="subtle"
					size="compact-sm"
					aria-expanded={open}
					aria-controls={id}
					aria-label={`${t('admin.audit.details')}: ${actor}, ${action}, ${format.dayAndTime(entry.at)}`}
					rightSection={open ? <IconChevronUp size={16} aria-hidden /> : <IconChevronDown size={16} aria-hidden />}
					onClick={() => setOpen(!open)}
				>
					{t('admin.audit.details')}
				</Button>
			</div>
			<Collapse expanded={open} id={id}>
				{open && <Details entry={entry} />}
			</Collapse>
		</Paper>
	)
}

const Entries = ({ filter }: { filter: Filter }) => {
	const { t } = useTranslation()
	const wanted = useMemo(
		() => ({
			from: filter.from ?? undefined,
			to: filter.to ?? undefined,
			actor: filter.actor.trim(),
			patientId: filter.patient?.id,
			entity: filter.entity ? `${filter.entity}${filter.id.trim() && `:${filter.id.trim()}`}` : undefined,
		}),
		[filter],
	)
	const [asked] = useDebouncedValue(wanted, 300)
	const listed = useInfiniteQuery({
		queryKey: ['audit', asked],
		queryFn: ({ pageParam, signal }) =>
			request<Page<AuditEntry>>(`/admin/audit${query({ ...asked, cursor: pageParam, limit: 50 })}`, { signal }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: page => page.nextCursor ?? undefined,
		staleTime: 0,
	})
	if (listed.error && !listed.data) return <ErrorMessage error={listed.error} onRetry={() => void listed.refetch()} />
	if (!listed.data) return <Skeletons heights={[44, 44, 44, 44, 44, 44]} />
	const entries = listed.data.pages.flatMap(page => page.items)
	if (entries.length === 0) return <Empty title={t('admin.audit.empty')} />
	return (
		<Stack>
			<Box component="ol" className={classes.list} aria-label={t('nav.audit')}>
				{entries.map(entry => (
					<Row key={entry.id} entry={entry} />
				))}
			</Box>
			<More pages={listed} />
		</Stack>
	)
}

const AuditScreen = () => {
	const { t } = useTranslation()
	const format = useFormat()
	const [filter, setFilter] = useState<Filter>({ from: null, to: null, actor: '', entity: null, id: '', patient: null })
	return (
		<Screen title={t('nav.audit')} wide>
			<Dates>
				<Stack>
					<Filters filter={filter} onChange={setFilter} />
					<Text fz="sm">{t('admin.audit.zone', { zone: format.zone(viewerZone()) })}</Text>
					<Entries filter={filter} />
				</Stack>
			</Dates>
		</Screen>
	)
}

export default AuditScreen
