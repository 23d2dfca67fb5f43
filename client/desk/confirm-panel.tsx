import { Alert, Button, Group, Kbd, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { IconClock } from '@tabler/icons-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, AppointmentType, Doctor, Patient } from '../../contract/index.ts'
import { errorProperties } from '../api/http.ts'
import { dateIn, useFormat, viewerZone } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { Busy, Panel } from './panel.tsx'
import type { Taking, Time } from './use-desk.ts'

type Props = {
	taking: Exclude<Taking, { step: 'booked' | 'expired' }>
	doctor: Doctor
	patient: Patient | undefined
	moving: Appointment | undefined
	types: readonly AppointmentType[]
	live: boolean
	side: 'left' | 'right'
	onTake: (time: Time, typeId?: string) => void
	onSend: (reason: string) => void
	onClose: () => void
	onChoosePatient: () => void
}

export function ConfirmPanel({ taking, doctor, patient, moving, types, live, side, onTake, onSend, onClose, onChoosePatient }: Props) {
	const { t } = useTranslation()
	const format = useFormat(doctor.timeZone)
	const here = useFormat(viewerZone())
	const [reason, setReason] = useState('')
	const main = useRef<HTMLButtonElement>(null)
	const firstOffer = useRef<HTMLButtonElement>(null)
	/** When Enter was pressed while the hold was still on its way, or the day's calendar not live yet. */
	const sendAheadAtMs = useRef<number>(undefined)
	const { slot: time, step, typeId, hold } = taking
	const error = 'error' in taking ? taking.error : undefined
	const forWhom = moving ? moving.patientName : patient?.fullName
	const refused = step === 'refused'
	const offers = (refused && error?.problem?.alternatives) || []
	const busy = step === 'holding' || step === 'booking'
	/** The type of appointment does not fit here, but the slot itself is still held. */
	const isTooLong = refused && hold !== undefined && errorProperties(error).losesSlot === true

	// biome-ignore lint/correctness/useExhaustiveDependencies: another time, another caller or a refusal moves the focus; nothing else may
	useEffect(() => {
		// Choosing a type must not move the focus away from where it is chosen.
		if (document.activeElement?.tagName === 'SELECT') return
		if (refused) (firstOffer.current ?? main.current)?.focus()
		else if (forWhom) main.current?.focus()
	}, [time.id, forWhom, refused])

	useEffect(() => {
		if (step !== 'held' || !live || sendAheadAtMs.current === undefined) return
		const isMeant = performance.now() - sendAheadAtMs.current < aheadMs
		sendAheadAtMs.current = undefined
		if (isMeant) onSend(reason)
	}, [step, live, onSend, reason])

	const act = () => {
		if (refused) {
			if (live) onTake(time, typeId)
		} else if (!live || step === 'holding') sendAheadAtMs.current = performance.now()
		else onSend(reason)
	}
	const onSubmit = (event: FormEvent) => {
		event.preventDefault()
		if (forWhom) act()
	}
	const sameClock = format.dayAndTime(time.startsAt) === here.dayAndTime(time.startsAt)
	const until = hold && hold.slotIds.length > 1 ? undefined : time.endsAt
	const when = (
		<>
			<strong>{format.dayAndTime(time.startsAt)}</strong>
			{until && ` – ${format.time(until)}`}
			{!sameClock && (
				<Text size="xs">{t('desk.confirm.zones', { zone: format.zone(doctor.timeZone), here: here.dayAndTime(time.startsAt) })}</Text>
			)}
		</>
	)
	return (
		<Panel
			title={t(moving ? 'desk.confirm.moveTitle' : 'desk.confirm.title')}
			side={side}
			onClose={onClose}
			testId="desk-confirm"
			facts={[
				[t('desk.fact.patient'), forWhom ? <strong key="patient">{forWhom}</strong> : t('desk.confirm.nobody')],
				[t('desk.fact.doctor'), doctor.fullName],
				[t('desk.fact.time'), when],
			]}
		>
			<form onSubmit={onSubmit}>
				<Stack gap="sm">
					{!moving && (
						<>
							<NativeSelect
								label={t('desk.fact.type')}
								value={typeId ?? ''}
								disabled={step === 'booking'}
								onChange={event => onTake(time, event.currentTarget.value || undefined)}
								data={[
									{ value: '', label: t('desk.confirm.oneSlot') },
									...types.map(type => ({ value: type.id, label: t('desk.confirm.type', { name: type.name, minutes: type.minutes }) })),
								]}
							/>
							<TextInput
								label={t('desk.confirm.reason')}
								value={reason}
								onChange={event => setReason(event.currentTarget.value)}
								maxLength={500}
								autoComplete="off"
							/>
						</>
					)}
					{isTooLong ? (
						<Alert color="red" variant="light" role="alert">
							<Text c="var(--mantine-color-text)" size="sm">
								{t('desk.confirm.tooLong')}
							</Text>
						</Alert>
					) : (
						error && <ErrorMessage error={error} />
					)}
					{offers.length > 0 && (
						<Stack gap={6} role="group" aria-label={t('desk.confirm.alternatives')}>
							<Text size="sm" fw={600}>
								{t('desk.confirm.alternatives')}
							</Text>
							{offers.map((offer, index) => (
								<Button
									key={offer.id}
									ref={index === 0 ? firstOffer : undefined}
									variant="default"
									justify="flex-start"
									onClick={() => onTake(offer, typeId)}
									data-testid="desk-alternative"
								>
									{dateIn(offer.startsAt, doctor.timeZone) === dateIn(time.startsAt, doctor.timeZone)
										? format.time(offer.startsAt)
										: format.dayAndTime(offer.startsAt)}
								</Button>
							))}
						</Stack>
					)}
					{hold && !refused && <HoldLeft until={hold.expiresAt} />}
					{!live && <Text size="sm">{t('desk.confirm.notLive')}</Text>}
					<Group gap="xs">
						{forWhom || refused ? (
							<Button
								ref={main}
								type="submit"
								leftSection={step === 'booking' && <Busy />}
								aria-disabled={!live || undefined}
								aria-busy={busy || undefined}
								onClick={refused && !forWhom ? act : undefined}
								data-testid="desk-book"
							>
								{t(refused ? 'app.retry' : moving ? 'desk.confirm.move' : 'desk.confirm.book')}
							</Button>
						) : (
							<Button onClick={onChoosePatient}>{t('desk.confirm.choosePatient')}</Button>
						)}
						<Button variant="default" onClick={onClose} rightSection={<Kbd size="xs">Esc</Kbd>}>
							{t(hold ? 'desk.confirm.release' : 'app.cancel')}
						</Button>
					</Group>
				</Stack>
			</form>
		</Panel>
	)
}

/** After this time a person who pressed Enter no longer expects it to act. */
const aheadMs = 5000

const secondsLeft = (until: string) => Math.max(0, Math.ceil((Date.parse(until) - Date.now()) / 1000))

/** Counts down for the eye only: a screen reader would read a number out every second. */
const HoldLeft = ({ until }: { until: string }) => {
	const { t } = useTranslation()
	const [left, setLeft] = useState(() => secondsLeft(until))
	useEffect(() => {
		setLeft(secondsLeft(until))
		const timer = setInterval(() => setLeft(secondsLeft(until)), 1000)
		return () => clearInterval(timer)
	}, [until])
	if (left === 0) {
		return (
			<Text size="sm" role="status">
				{t('desk.confirm.holdOver')}
			</Text>
		)
	}
	const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
	return (
		<Group gap={6} aria-hidden>
			<IconClock size={16} />
			<Text size="sm">{t('desk.confirm.holdLeft', { clock })}</Text>
		</Group>
	)
}
