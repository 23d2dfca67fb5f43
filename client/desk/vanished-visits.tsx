import { Button, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Doctor, VanishedVisit } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { socket } from '../api/socket.ts'
import { useFormat } from '../i18n/format.ts'
import classes from './vanished-visits.module.css'

type Props = { date: string; doctors: readonly Doctor[] }

/** The button and the list of visits that were cancelled on a day or moved away from it. The list stays open from day to day. */
export function useVanishedVisits({ date, doctors }: Props) {
	const { t } = useTranslation()
	const [open, setOpen] = useState(false)
	const id = useId()
	const visits = useVanished({ date, doctors })
	return {
		button: (
			<Button
				size="compact-sm"
				variant="default"
				aria-expanded={open}
				aria-controls={id}
				onClick={() => setOpen(!open)}
				data-testid="vanished-toggle"
			>
				{t('history.vanished.show', { count: visits.length })}
			</Button>
		),
		list: (
			<div id={id} hidden={!open}>
				{open && <List visits={visits} doctors={doctors} />}
			</div>
		),
	}
}

function useVanished({ date, doctors }: Props): VanishedVisit[] {
	const queries = useQueryClient()
	const { data } = useQuery({
		queryKey: ['vanished', date],
		queryFn: ({ signal }) => request<{ items: VanishedVisit[] }>(`/vanished-visits${query({ date })}`, { signal }),
	})
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout> | undefined
		const onChanged = () => {
			// One look for the many changes of an absence.
			timer ??= setTimeout(() => {
				timer = undefined
				void queries.invalidateQueries({ queryKey: ['vanished'] })
			}, 500)
		}
		socket.on('appointment:changed', onChanged)
		return () => {
			clearTimeout(timer)
			socket.off('appointment:changed', onChanged)
		}
	}, [queries])
	const shown = new Set(doctors.map(({ id }) => id))
	return (data?.items ?? []).filter(({ doctorId }) => shown.has(doctorId))
}

const List = ({ visits, doctors }: { visits: readonly VanishedVisit[]; doctors: readonly Doctor[] }) => {
	const { t } = useTranslation()
	return (
		<section className={classes.panel} aria-label={t('history.vanished.title')} data-testid="vanished">
			{visits.length === 0 && <Text size="sm">{t('history.vanished.none')}</Text>}
			<ul className={classes.list}>
				{visits.map(visit => (
					<Visit
						key={`${visit.appointmentId} ${visit.startsAt}`}
						visit={visit}
						doctor={doctors.find(({ id }) => id === visit.doctorId)}
						doctors={doctors}
					/>
				))}
			</ul>
		</section>
	)
}

const Visit = ({ visit, doctor, doctors }: { visit: VanishedVisit; doctor: Doctor | undefined; doctors: readonly Doctor[] }) => {
	const { t } = useTranslation()
	const format = useFormat(doctor?.timeZone)
	const there = useFormat(doctors.find(({ id }) => id === visit.to?.doctorId)?.timeZone ?? doctor?.timeZone)
	const { what, startsAt, patientName, by, at, reason, to } = visit
	const whereTo = to && t('history.place', { time: there.dayAndTime(to.startsAt), doctor: to.doctorName })
	return (
		<li data-what={what}>
			<s>
				{format.time(startsAt)} <bdi>{patientName}</bdi>
			</s>
			<span>{doctor?.fullName}</span>
			<span>
				{what === 'moved' ? t('history.vanished.moved', { to: whereTo }) : t('history.vanished.cancelled')}, {format.dayAndTime(at)},{' '}
				{by ? t('history.by', { name: by.name, role: t(`role.${by.role}`) }) : t('history.vanished.unknown')}
				{reason && <>. {t('history.reason', { reason })}</>}
			</span>
		</li>
	)
}
