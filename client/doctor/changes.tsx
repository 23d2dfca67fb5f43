import { Button, Stack, Text } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DoctorsChange } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { socket } from '../api/socket.ts'
import { useFormat } from '../i18n/format.ts'
import classes from '../patients/patients.module.css'
import { ErrorMessage } from '../shell/messages.tsx'

const togetherMs = 500

/** What was booked, moved or cancelled today in the doctor's calendar: a list that stays, whatever was read of the notices. */
export const Changes = ({ doctorId, timeZone }: { doctorId: string; timeZone: string }) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const id = useId()
	const [open, setOpen] = useState(false)
	const changes = useQuery({
		queryKey: ['doctor-changes', doctorId],
		queryFn: ({ signal }) => request<{ items: DoctorsChange[] }>(`/doctors/${doctorId}/changes`, { signal }),
		staleTime: 0,
	})
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout> | undefined
		const onChanged = () => {
			timer ??= setTimeout(() => {
				timer = undefined
				void queries.invalidateQueries({ queryKey: ['doctor-changes', doctorId] })
			}, togetherMs)
		}
		socket.on('appointment:changed', onChanged)
		return () => {
			clearTimeout(timer)
			socket.off('appointment:changed', onChanged)
		}
	}, [queries, doctorId])
	const items = changes.data?.items ?? []
	return (
		<Stack gap="xs">
			<Button
				variant="default"
				size="sm"
				style={{ alignSelf: 'flex-start' }}
				leftSection={<IconHistory size={16} aria-hidden />}
				aria-expanded={open}
				aria-controls={id}
				onClick={() => setOpen(!open)}
				data-testid="day-changes-toggle"
			>
				{t('patients.doctor.feed')} ({items.length})
			</Button>
			<div id={id} hidden={!open} data-testid="day-changes">
				{changes.error && <ErrorMessage error={changes.error} onRetry={() => void changes.refetch()} />}
				{changes.data && items.length === 0 && <Text fz="sm">{t('patients.doctor.feedNone')}</Text>}
				<ul className={classes.visits}>
					{items.map(change => (
						<Change key={`${change.appointmentId} ${change.at} ${change.what}`} change={change} timeZone={timeZone} />
					))}
				</ul>
			</div>
		</Stack>
	)
}

const Change = ({ change, timeZone }: { change: DoctorsChange; timeZone: string }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const { at, what, by, patientName, from, to, startsAt, reason } = change
	return (
		<li data-what={what}>
			<span>
				<strong>{t(`patients.doctor.what.${what}`)}</strong> <bdi>{patientName}</bdi>,{' '}
				{from && to && what === 'moved'
					? t('patients.doctor.movedTo', { from: format.dayAndTime(from.startsAt), to: format.dayAndTime(to.startsAt) })
					: format.dayAndTime(startsAt)}
				{reason && ` · ${reason}`}
			</span>
			<span>
				{format.time(at)}
				{by && `, ${by.name}`}
			</span>
		</li>
	)
}
