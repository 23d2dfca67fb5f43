import { Button, Group, Kbd, NativeSelect, Text, TextInput } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Doctor, LineEntry, Page, Site } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { isLetter, isTyping } from '../desk/keys.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { useLine } from './use-line.ts'
import classes from './waiting.module.css'

type Act = { letter: string; name: string; path: string; body?: (room: string) => unknown; from: readonly LineEntry['status'][] }

/** One key for each thing that happens to a patient in line. */
const acts: readonly Act[] = [
	{ letter: 'c', name: 'call', path: 'call', body: room => (room ? { room } : {}), from: ['waiting', 'called'] },
	{ letter: 's', name: 'start', path: 'status', body: () => ({ status: 'in_progress' }), from: ['waiting', 'called'] },
	{ letter: 'd', name: 'end', path: 'status', body: () => ({ status: 'completed' }), from: ['in_progress'] },
	{ letter: 'o', name: 'out', path: 'step-out', from: ['waiting', 'called'] },
	{ letter: 'b', name: 'back', path: 'step-in', from: ['out', 'called'] },
]

/** The live line of a site at the desk. */
export const LinePanel = ({ doctors, onClose }: { doctors: readonly Doctor[]; onClose: () => void }) => {
	const { t } = useTranslation()
	const sites = useQuery({ queryKey: ['sites'], queryFn: () => request<Page<Site>>('/sites?limit=200'), staleTime: 60_000 })
	const [chosenSite, setSite] = useLocalStorage({ key: 'liveslot-desk-site', defaultValue: '', getInitialValueInEffect: false })
	const siteId = sites.data?.items.some(({ id }) => id === chosenSite) ? chosenSite : sites.data?.items[0]?.id
	const { state, entries } = useLine(siteId === undefined ? undefined : { siteId })
	const [chosen, setChosen] = useState<string>()
	const list = useRef<HTMLUListElement>(null)
	const [rooms, setRooms] = useLocalStorage<Record<string, string>>({
		key: 'liveslot-desk-rooms',
		defaultValue: {},
		getInitialValueInEffect: false,
	})
	const act = useMutation({
		mutationFn: ({ entry, what }: { entry: LineEntry; what: Act }) =>
			request(`/appointments/${entry.appointmentId}/${what.path}`, {
				method: 'POST',
				body: what.body?.(rooms[entry.doctorId] ?? '') ?? {},
			}),
	})
	const current = entries.find(({ appointmentId }) => appointmentId === chosen) ?? entries[0]
	const doctorName = (id: string) => doctors.find(doctor => doctor.id === id)?.fullName ?? ''

	useEffect(() => list.current?.focus(), [])

	const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
		if (event.key === 'Escape') {
			event.preventDefault()
			event.stopPropagation()
			return onClose()
		}
		if (isTyping(event.target) || !current) return
		const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
		const next = by && entries[entries.indexOf(current) + by]
		const what = acts.find(({ letter, from }) => isLetter(event.nativeEvent, letter) && from.includes(current.status))
		if (!by && !what) return
		event.preventDefault()
		if (next) setChosen(next.appointmentId)
		if (what && !event.repeat && !act.isPending) {
			setChosen(current.appointmentId)
			act.mutate({ entry: current, what })
		}
	}

	return (
		<section className={classes.panel} aria-label={t('waiting.desk.title')} onKeyDown={onKeyDown} data-testid="line-panel">
			<Group justify="space-between" wrap="nowrap">
				<Text component="h2" fw={650}>
					{t('waiting.desk.title')}
				</Text>
				<Button variant="default" size="compact-sm" onClick={onClose} rightSection={<Kbd size="xs">Esc</Kbd>}>
					{t('waiting.desk.close')}
				</Button>
			</Group>
			{(sites.data?.items.length ?? 0) > 1 && (
				<NativeSelect
					aria-label={t('waiting.screens.site')}
					value={siteId ?? ''}
					onChange={event => setSite(event.currentTarget.value)}
					data={(sites.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
				/>
			)}
			{state === 'stale' && <Text size="sm">{t('app.connectionLost')}</Text>}
			{act.error && <ErrorMessage error={act.error} />}
			{entries.length === 0 && <Text size="sm">{t('waiting.desk.empty')}</Text>}
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys choose a patient of the list, whose buttons follow */}
			<ul ref={list} tabIndex={0} aria-label={t('waiting.desk.keys')} className={classes.entries}>
				{entries.map(entry => (
					<li key={entry.appointmentId} aria-current={entry === current || undefined} data-status={entry.status} data-testid="line-entry">
						<button type="button" className={classes.entry} onClick={() => setChosen(entry.appointmentId)}>
							<b dir="ltr">{entry.ticket}</b>
							<span>
								<bdi>{entry.patientName}</bdi>
								<small>
									{[
										t(`waiting.desk.status.${entry.status}`),
										entry.room && t('waiting.wall.room', { room: entry.room }),
										entry.wait &&
											t(entry.wait.fromMinutes === entry.wait.toMinutes ? 'waiting.desk.minutesOne' : 'waiting.desk.minutes', {
												from: entry.wait.fromMinutes,
												to: entry.wait.toMinutes,
											}),
										doctorName(entry.doctorId),
									]
										.filter(Boolean)
										.join(' · ')}
								</small>
							</span>
						</button>
						{entry === current && (
							<Group gap={6} mt={6}>
								{acts
									.filter(({ from }) => from.includes(entry.status))
									.map(what => (
										<Button
											key={what.name}
											size="compact-sm"
											variant="default"
											onClick={() => act.mutate({ entry, what })}
											rightSection={
												<Kbd size="xs" aria-hidden>
													{what.letter.toUpperCase()}
												</Kbd>
											}
											aria-keyshortcuts={what.letter.toUpperCase()}
											data-testid={`line-${what.name}`}
										>
											{t(`waiting.desk.${what.name === 'call' && entry.status === 'called' ? 'again' : what.name}`)}
										</Button>
									))}
								<TextInput
									size="xs"
									w="6rem"
									aria-label={`${t('waiting.desk.room')}: ${doctorName(entry.doctorId)}`}
									placeholder={t('waiting.desk.room')}
									maxLength={20}
									value={rooms[entry.doctorId] ?? ''}
									onChange={event => setRooms({ ...rooms, [entry.doctorId]: event.currentTarget.value })}
								/>
							</Group>
						)}
					</li>
				))}
			</ul>
		</section>
	)
}
