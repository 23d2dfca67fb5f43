import { Button, Group, Kbd, NativeSelect, SegmentedControl, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppointmentType, AvailableDay, Doctor, Patient, Recall } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { addDays, useFormat } from '../i18n/format.ts'
import { ErrorMessage, Loading } from '../shell/messages.tsx'
import { GoToDate } from './go-to-date.tsx'
import { isLetter, isTyping } from './keys.ts'
import { Panel } from './panel.tsx'
import type { Time } from './use-desk.ts'
import { useDoctorsById } from './use-doctors.ts'

const shownTimes = 5
const daysAsked = 42
/** The server takes no more doctors by name. */
const mostDoctors = 50

export type Scope = 'any' | 'shown' | 'one'

type Props = {
	types: readonly AppointmentType[]
	/** The kind of the visit that moves. */
	typeId: string | undefined
	/** Who is on the board, and the one whose column was used last. */
	shown: readonly Doctor[]
	doctor: Doctor | undefined
	siteId: string | undefined
	specialty: string
	today: string
	/** Dates from here on. */
	from: string
	/** Who can be put on the call list. */
	patient: Patient | undefined
	onTake: (time: Time, typeId: string) => void
	onRecalled: (text: string) => void
	onClose: () => void
}

/** The next five times for a kind of appointment; one key each changes where and when to look. */
export const Earliest = ({
	types,
	typeId: ofVisit,
	shown,
	doctor,
	siteId,
	specialty,
	today,
	from: start,
	patient,
	onTake,
	onRecalled,
	onClose,
}: Props) => {
	const { t } = useTranslation()
	const list = useRef<HTMLDivElement>(null)
	const [typeId, setTypeId] = useState(ofVisit ?? types[0]?.id ?? '')
	const [scope, setScope] = useState<Scope>('any')
	const [half, setHalf] = useState<'' | 'morning' | 'afternoon'>('')
	const [from, setFrom] = useState(start < today ? today : start)
	const { dateLong } = useFormat()
	const doctorIds =
		scope === 'one' && doctor ? [doctor.id] : scope === 'shown' ? shown.slice(0, mostDoctors).map(({ id }) => id) : undefined
	const asked = {
		typeId,
		from,
		to: addDays(from, daysAsked - 1),
		limit: shownTimes,
		half: half || undefined,
		doctorIds: doctorIds?.join(','),
		siteId: scope === 'any' ? undefined : siteId,
		specialty: scope === 'any' ? specialty || undefined : undefined,
	}
	const found = useQuery({
		queryKey: ['availability', asked],
		queryFn: ({ signal }) => request<{ days: AvailableDay[] }>(`/availability${query(asked)}`, { signal }),
		enabled: typeId !== '',
		staleTime: 0,
		gcTime: 0,
	})
	const times = (found.data?.days ?? [])
		.flatMap(({ times }) => times)
		.sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1))
		.slice(0, shownTimes)
		.map(({ startsAt, endsAt, doctorIds, slotIds }) => ({ id: slotIds[0] as string, doctorId: doctorIds[0] as string, startsAt, endsAt }))
	const recall = useMutation({
		mutationFn: ({ id }: Patient) =>
			request<Recall>('/recalls', {
				method: 'POST',
				body: { patientId: id, typeId, dueOn: from, ...(scope === 'one' && doctor && { doctorId: doctor.id }) },
			}),
		onSuccess: ({ patientName: name, dueOn }) => onRecalled(t('board.recalls.added', { name, date: dateLong(dueOn) })),
	})
	const doctors = useDoctorsById([...new Set(times.map(({ doctorId }) => doctorId))])

	// biome-ignore lint/correctness/useExhaustiveDependencies: other times move the focus to the first of them
	useEffect(() => {
		if (document.activeElement?.tagName !== 'SELECT') (list.current?.querySelector('button') ?? list.current)?.focus()
	}, [found.data])

	const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
		if (isTyping(event.target)) return
		const { nativeEvent } = event
		const buttons = [...(list.current?.querySelectorAll('button') ?? [])]
		const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
		if (event.key === 'ArrowDown') buttons[Math.min(at + 1, buttons.length - 1)]?.focus()
		else if (event.key === 'ArrowUp') buttons[Math.max(at - 1, 0)]?.focus()
		else if (isLetter(nativeEvent, 'a')) setScope(scope === 'any' ? (doctor ? 'one' : 'shown') : 'any')
		else if (isLetter(nativeEvent, 'h')) setHalf(half === '' ? 'morning' : half === 'morning' ? 'afternoon' : '')
		else if (event.key === '6') setFrom(addDays(from, 42))
		else return
		event.preventDefault()
	}
	return (
		<Panel title={t('board.earliest')} side="right" onClose={onClose} onKeyDown={onKeyDown} testId="desk-earliest" facts={[]}>
			<Stack gap="sm">
				<div ref={list} tabIndex={-1}>
					<Text size="sm" fw={600} mb={4}>
						{t('board.earliestFrom', { date: dateLong(from) })}
					</Text>
					{found.isPending && <Loading onRetry={() => void found.refetch()} />}
					{found.isError && <ErrorMessage error={found.error} onRetry={() => void found.refetch()} />}
					{found.data && times.length === 0 && <Text size="sm">{t('board.noneInWeeks')}</Text>}
					<Stack gap={6}>
						{times.map(time => (
							<TimeButton
								key={time.startsAt}
								time={time}
								doctor={doctors.find(({ id }) => id === time.doctorId)}
								onClick={() => onTake(time, typeId)}
							/>
						))}
					</Stack>
				</div>
				<SegmentedControl
					size="xs"
					value={scope}
					onChange={value => setScope(value as Scope)}
					aria-label={t('board.scope')}
					data={[
						{ value: 'any', label: t('board.anyDoctor') },
						{ value: 'shown', label: t('board.shownDoctors') },
						...(doctor ? [{ value: 'one', label: doctor.fullName }] : []),
					]}
				/>
				<SegmentedControl
					size="xs"
					value={half}
					onChange={value => setHalf(value as typeof half)}
					aria-label={t('board.half')}
					data={[
						{ value: '', label: t('board.wholeDay') },
						{ value: 'morning', label: t('board.morning') },
						{ value: 'afternoon', label: t('board.afternoon') },
					]}
				/>
				{ofVisit === undefined && (
					<NativeSelect
						label={t('desk.fact.type')}
						value={typeId}
						onChange={event => setTypeId(event.currentTarget.value)}
						data={types.map(type => ({ value: type.id, label: t('desk.confirm.type', { name: type.name, minutes: type.minutes }) }))}
					/>
				)}
				<Group gap="xs" align="flex-start">
					<Button size="sm" variant="default" onClick={() => setFrom(addDays(from, 42))} rightSection={<Kbd size="xs">6</Kbd>}>
						{t('board.sixWeeks')}
					</Button>
					<GoToDate label={t('board.from')} today={today} onDate={setFrom} testId="desk-earliest-from" />
				</Group>
				{patient && (
					<Button size="sm" variant="default" onClick={() => recall.mutate(patient)} data-testid="desk-recall">
						{t('board.recalls.add', { date: dateLong(from) })}
					</Button>
				)}
				{recall.isError && <ErrorMessage error={recall.error} />}
				<Text size="xs">{t('board.earliestKeys')}</Text>
			</Stack>
		</Panel>
	)
}

const TimeButton = ({ time, doctor, onClick }: { time: Time; doctor: Doctor | undefined; onClick: () => void }) => {
	const { dayAndTime } = useFormat(doctor?.timeZone)
	return (
		<Button
			variant="default"
			justify="flex-start"
			fullWidth
			h="auto"
			py={4}
			styles={{ label: { whiteSpace: 'normal', textAlign: 'start', display: 'block' } }}
			onClick={onClick}
			data-testid="desk-earliest-time"
		>
			{dayAndTime(time.startsAt)}
			<Text size="xs" span display="block">
				{doctor?.fullName ?? '\u00a0'}
			</Text>
		</Button>
	)
}
