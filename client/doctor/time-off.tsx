import { ActionIcon, Button, Group, Paper, SimpleGrid, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { DateTimePicker } from '@mantine/dates'
import { IconTrash } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Page, TimeOff, TimeOffInput, TimeOffPreview } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { usePicker } from '../shell/dates.tsx'
import { More } from '../shell/loaded.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import { Conflicts } from './conflicts.tsx'
import { instantOf } from './wall-time.ts'

type OfDoctor = { doctorId: string; timeZone: string }

const useTimeOff = (doctorId: string) =>
	useInfiniteQuery({
		queryKey: ['time-off', doctorId],
		queryFn: ({ pageParam, signal }) =>
			request<Page<TimeOff>>(`/doctors/${doctorId}/time-off${query({ cursor: pageParam, limit: 50 })}`, { signal }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: page => page.nextCursor ?? undefined,
	})

const Entry = ({ entry, timeZone }: { entry: TimeOff; timeZone: string }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const queries = useQueryClient()
	const remove = useMutation({
		mutationFn: () => request<void>(`/doctors/${entry.doctorId}/time-off/${entry.id}`, { method: 'DELETE' }),
		onSuccess: () => queries.invalidateQueries({ queryKey: ['time-off', entry.doctorId] }),
	})
	const span = `${format.dayAndTime(entry.startsAt)} – ${format.dayAndTime(entry.endsAt)}`
	return (
		<Paper component="li" withBorder p="sm" data-testid="time-off">
			<Group justify="space-between" wrap="nowrap">
				<div>
					<Text fw={600}>{span}</Text>
					{entry.reason && <Text fz="sm">{entry.reason}</Text>}
				</div>
				<ActionIcon
					variant="subtle"
					size={36}
					loading={remove.isPending}
					aria-label={t('doctor.off.remove', { span })}
					onClick={() => remove.mutate()}
				>
					<IconTrash size={18} aria-hidden />
				</ActionIcon>
			</Group>
			{remove.error && <ErrorMessage error={remove.error} onRetry={() => remove.mutate()} />}
		</Paper>
	)
}

const Entries = ({ doctorId, timeZone }: OfDoctor) => {
	const { t } = useTranslation()
	const listed = useTimeOff(doctorId)
	if (listed.error && !listed.data) return <ErrorMessage error={listed.error} onRetry={() => void listed.refetch()} />
	if (!listed.data) return <Skeleton height={64} />
	const entries = listed.data.pages.flatMap(page => page.items)
	if (entries.length === 0) return <Empty title={t('doctor.off.empty')} />
	return (
		<Stack gap="xs">
			<ul style={{ listStyle: 'none', margin: 0, padding: 0, display: 'grid', gap: '0.5rem' }} aria-label={t('doctor.off.title')}>
				{entries.map(entry => (
					<Entry key={entry.id} entry={entry} timeZone={timeZone} />
				))}
			</ul>
			<More pages={listed} />
		</Stack>
	)
}

const Consequences = ({ doctorId, timeZone, span }: OfDoctor & { span: TimeOffInput }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const preview = useQuery({
		queryKey: ['time-off-preview', doctorId, span.startsAt, span.endsAt],
		queryFn: ({ signal }) => request<TimeOffPreview>(`/doctors/${doctorId}/time-off/preview`, { method: 'POST', body: span, signal }),
		staleTime: 0,
		gcTime: 0,
	})
	if (preview.error) return <ErrorMessage error={preview.error} onRetry={() => void preview.refetch()} />
	if (!preview.data) return <Skeleton height={64} />
	return (
		<Paper withBorder p="md" data-testid="time-off-preview">
			<Text fw={650}>{t('doctor.off.closes', { number: format.number(preview.data.blocked) })}</Text>
			<Conflicts ids={preview.data.conflicts} timeZone={timeZone} />
		</Paper>
	)
}

const NewTimeOff = ({ doctorId, timeZone }: OfDoctor) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const [fromPicker, toPicker] = [usePicker(), usePicker()]
	const format = useFormat('UTC')
	const [from, setFrom] = useState<string | null>(null)
	const [to, setTo] = useState<string | null>(null)
	const [reason, setReason] = useState('')
	const backwards = from !== null && to !== null && from >= to
	const span: TimeOffInput | undefined =
		from && to && !backwards ? { startsAt: instantOf(from, timeZone), endsAt: instantOf(to, timeZone) } : undefined
	const add = useMutation({
		mutationFn: (span: TimeOffInput) =>
			request<{ id: string; conflicts: string[] }>(`/doctors/${doctorId}/time-off`, {
				method: 'POST',
				body: { ...span, ...(reason.trim() && { reason: reason.trim() }) },
			}),
		onSuccess: () => {
			setFrom(null)
			setTo(null)
			setReason('')
			return queries.invalidateQueries({ queryKey: ['time-off', doctorId] })
		},
	})
	const picker = {
		valueFormat: (value: string) => format.full(`${value.replace(' ', 'T')}Z`),
		placeholder: t('doctor.off.choose'),
		highlightToday: true,
		timePickerProps: {
			hoursInputLabel: t('doctor.off.hours'),
			minutesInputLabel: t('doctor.off.minutes'),
			'aria-label': t('doctor.off.time'),
		},
		submitButtonProps: { 'aria-label': t('doctor.off.done') },
	}
	return (
		<Stack>
			<Title order={3} size="h4">
				{t('doctor.off.add')}
			</Title>
			<SimpleGrid cols={{ base: 1, sm: 2 }}>
				<DateTimePicker {...picker} {...fromPicker} label={t('doctor.off.from')} value={from} onChange={setFrom} defaultTimeValue="00:00" />
				<DateTimePicker
					{...picker}
					{...toPicker}
					label={t('doctor.off.to')}
					value={to}
					onChange={setTo}
					error={backwards && t('doctor.off.backwards')}
					{...(from && { minDate: from.slice(0, 10), defaultDate: from.slice(0, 10) })}
					defaultTimeValue="23:59"
				/>
			</SimpleGrid>
			<TextInput label={t('doctor.off.reason')} value={reason} maxLength={200} onChange={event => setReason(event.currentTarget.value)} />
			<div aria-live="polite">{span && <Consequences doctorId={doctorId} timeZone={timeZone} span={span} />}</div>
			{add.error && <ErrorMessage error={add.error} />}
			<Group>
				<Button disabled={!span} loading={add.isPending} onClick={() => span && add.mutate(span)}>
					{t('doctor.off.submit')}
				</Button>
				<Text role="status">{add.isSuccess && !span ? t('doctor.off.added') : ''}</Text>
			</Group>
		</Stack>
	)
}

/** When the doctor is away in spite of the weekly hours. */
export const TimeOffSection = (props: OfDoctor) => {
	const { t } = useTranslation()
	const format = useFormat(props.timeZone)
	return (
		<Stack component="section" aria-labelledby="time-off">
			<Title order={2} size="h3" id="time-off">
				{t('doctor.off.title')}
			</Title>
			<Text fz="sm">{t('doctor.day.zone', { zone: format.zone(props.timeZone) })}</Text>
			<Entries {...props} />
			<NewTimeOff {...props} />
		</Stack>
	)
}
