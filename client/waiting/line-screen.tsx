import { Alert, Button, Card, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'react-router'
import type { Appointment, LinkedVisit, Page } from '../../contract/index.ts'
import { request, serverNow } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { useFormat, viewerZone } from '../i18n/format.ts'
import { QrCode } from '../security/qr-code.tsx'
import { Screen } from '../shell/layout.tsx'
import { ErrorMessage, Loading } from '../shell/messages.tsx'
import { useLine } from './use-line.ts'
import classes from './waiting.module.css'

/** A patient’s place in line, and the button that joins it: by the link of a message, or signed in, as after the QR code at the door. */
export default function LineScreen() {
	const { t } = useTranslation()
	const { hash } = useLocation()
	const { user } = useSession()
	const link = hash.slice(1)
	return <Screen title={t('waiting.line.title')}>{link ? <ByLink link={link} /> : user?.role === 'patient' ? <Own /> : <NoLink />}</Screen>
}

const NoLink = () => {
	const { t } = useTranslation()
	const { pathname, search } = useLocation()
	return (
		<Stack align="flex-start">
			<Text>{t('waiting.line.noLink')}</Text>
			<Button component={Link} to="/sign-in" state={{ from: pathname + search }} size="md">
				{t('waiting.line.signIn')}
			</Button>
		</Stack>
	)
}

const ByLink = ({ link }: { link: string }) => {
	const { t } = useTranslation()
	const visit = useQuery({
		queryKey: ['visit-link', link],
		queryFn: () => request<LinkedVisit>('/visit-links', { method: 'POST', body: { link } }),
		staleTime: 0,
	})
	if (visit.isPending) return <Loading onRetry={() => void visit.refetch()} />
	if (visit.isError) return <Alert color="yellow">{t('waiting.line.expired')}</Alert>
	return (
		<Stack>
			<Place visit={visit.data} link={link} onChanged={() => void visit.refetch()} />
			{visit.data.status === 'booked' && (
				<Stack gap="xs" align="flex-start">
					<Text size="sm">{t('waiting.line.kioskQr')}</Text>
					<QrCode content={`${window.location.origin}/line#${link}`} label={t('waiting.line.kioskQr')} />
				</Stack>
			)}
		</Stack>
	)
}

/** The signed-in patient’s visits that are near. */
const Own = () => {
	const { t } = useTranslation()
	const visits = useQuery({
		queryKey: ['visits', 'near'],
		queryFn: () => {
			const at = (hours: number) => encodeURIComponent(new Date(serverNow() + hours * hourMs).toISOString())
			return request<Page<Appointment>>(`/appointments?from=${at(-6)}&to=${at(12)}&status=booked,checked_in,in_progress`)
		},
		staleTime: 0,
	})
	if (visits.isPending) return <Loading onRetry={() => void visits.refetch()} />
	if (visits.isError) return <ErrorMessage error={visits.error} onRetry={() => void visits.refetch()} />
	if (visits.data.items.length === 0) return <Text>{t('waiting.line.none')}</Text>
	return (
		<Stack>
			{visits.data.items.map(visit => (
				<Place
					key={visit.id}
					visit={{
						appointmentId: visit.id,
						doctorId: visit.doctorId,
						doctorName: visit.doctorName ?? '',
						startsAt: visit.startsAt,
						timeZone: viewerZone(),
						checkInFrom: new Date(Date.parse(visit.startsAt) - hourMs).toISOString(),
						status: visit.status,
					}}
					onChanged={() => void visits.refetch()}
				/>
			))}
		</Stack>
	)
}

const hourMs = 3_600_000

const Place = ({ visit, link, onChanged }: { visit: LinkedVisit; link?: string; onChanged: () => void }) => {
	const { t } = useTranslation()
	const format = useFormat(visit.timeZone)
	const { state, entries } = useLine(link === undefined ? { doctorId: visit.doctorId } : { link })
	const entry = entries.find(({ appointmentId }) => appointmentId === visit.appointmentId)
	const mayCheckIn = useAfter(Date.parse(visit.checkInFrom))
	const checkIn = useMutation({
		mutationFn: () =>
			request(`/appointments/${visit.appointmentId}/check-in`, { method: 'POST', body: link === undefined ? {} : { link } }),
		onSettled: onChanged,
	})
	return (
		<Card withBorder data-testid="place">
			<Stack gap="sm">
				<Title order={2} fz="lg">
					{t('waiting.line.visit', { doctor: visit.doctorName, time: format.dayAndTime(visit.startsAt) })}
				</Title>
				{state === 'stale' && <Alert color="yellow">{t('waiting.line.lost')}</Alert>}
				<div role="status">
					{entry ? (
						<>
							<Text>{t('waiting.line.ticket')}</Text>
							<p className={classes.ticket} dir="ltr" data-testid="place-ticket">
								{entry.ticket}
							</p>
							<Text fz="xl" fw={650} data-testid="place-status">
								{entry.status === 'called' && entry.room
									? t('waiting.line.calledRoom', { room: entry.room })
									: t(`waiting.line.${entry.status}`)}
							</Text>
							{entry.wait && entry.status === 'waiting' && (
								<Text fz="lg" data-testid="place-wait">
									{entry.wait.toMinutes === 0
										? t('waiting.line.waitShort')
										: t(entry.wait.fromMinutes === entry.wait.toMinutes ? 'waiting.line.waitOne' : 'waiting.line.wait', {
												from: entry.wait.fromMinutes,
												to: entry.wait.toMinutes,
											})}
								</Text>
							)}
							<Text size="sm">{t('waiting.line.since')}</Text>
						</>
					) : (
						visit.status !== 'booked' && state === 'live' && <Text>{t('waiting.line.over')}</Text>
					)}
				</div>
				{!entry && visit.status === 'booked' && !mayCheckIn && (
					<Text>{t('waiting.line.early', { time: format.dayAndTime(visit.checkInFrom) })}</Text>
				)}
				{!entry && visit.status === 'booked' && mayCheckIn && (
					<Button size="xl" onClick={() => checkIn.mutate()} loading={checkIn.isPending} data-testid="check-in">
						{t('waiting.line.checkIn')}
					</Button>
				)}
				{checkIn.error && <ErrorMessage error={checkIn.error} />}
			</Stack>
		</Card>
	)
}

function useAfter(instantMs: number): boolean {
	const [isAfter, setAfter] = useState(() => serverNow() >= instantMs)
	useEffect(() => {
		const look = () => setAfter(serverNow() >= instantMs)
		look()
		const timer = window.setInterval(look, 5000)
		return () => window.clearInterval(timer)
	}, [instantMs])
	return isAfter
}
