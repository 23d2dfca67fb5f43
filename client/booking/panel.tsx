import { Button, Loader, Stack, Text, Textarea } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { Suspense, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Appointment, AppointmentType, Doctor, Hold, SlotOffer } from '../../contract/index.ts'
import { errorProperties } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { useFormat } from '../i18n/format.ts'
import { fetched } from '../shell/fetched.tsx'
import { ErrorMessage, Loading } from '../shell/messages.tsx'
import { VisitPlace } from './about-doctor.tsx'
import { AddToCalendar } from './add-to-calendar.tsx'
import classes from './booking.module.css'
import { Countdown, CountdownAnnouncement, useSecondsLeft } from './countdown.tsx'
import { useTypeName } from './doctor-face.tsx'
import { useMovingFrom } from './moving-notice.tsx'
import { PanelFrame } from './panel-frame.tsx'
import { TypeFacts } from './type-facts.tsx'
import { useTypedReason } from './typed-reason.ts'
import type { Booking, Flow } from './use-booking.ts'
import type { GuestHold } from './use-guest-hold.ts'
import type { Wanted } from './use-taking.ts'
import { VisitFacts } from './visit-facts.tsx'

// Passwords and their forms are fetched only for visitors who are not signed in.
const Identify = fetched(() => import('./identify.tsx'))

type Props = {
	booking: Booking
	doctor: Doctor
	type: AppointmentType | undefined
	moving: Appointment | undefined
	/** Holds another slot and shows its day. */
	onOther: (slot: SlotOffer) => void
	/** Gives the choice up, and closes the sheet. */
	onClose: () => void
}

/** What happens with the chosen slot, from the tap to the appointment. */
export function ConfirmPanel(props: Props) {
	const { t } = useTranslation()
	const { booking, doctor, type, moving, onClose } = props
	const { flow } = booking
	const movingFrom = useMovingFrom(moving)
	const typeName = useTypeName()
	if (flow.step === 'idle') return null
	const { startsAt, endsAt } = flow.step === 'booked' ? flow.appointment : spanOf(flow.slot, type?.minutes)
	const keptMinutes = (Date.parse(endsAt) - Date.parse(startsAt)) / 60_000
	const title = moving && titleOf[flow.step] === 'booking.confirmTitle' ? 'booking.moveTitle' : titleOf[flow.step]
	return (
		<PanelFrame
			step={flow.step}
			slotId={flow.slot.id}
			title={t(title)}
			icon={flow.step === 'booked' && <IconCircleCheck size={28} aria-hidden />}
			onDismiss={onClose}
		>
			{moving && flow.step !== 'booked' && <Text className={classes.dim}>{movingFrom}</Text>}
			<div data-struck={flow.step === 'refused' || undefined} className={classes.wanted}>
				<VisitFacts
					startsAt={startsAt}
					endsAt={endsAt}
					timeZone={doctor.timeZone}
					doctorName={doctor.fullName}
					typeText={type && typeName(type)}
				/>
				{type && keptMinutes > type.minutes && <Text className={classes.dim}>{t('faces.minutesKept', { minutes: keptMinutes })}</Text>}
				<VisitPlace doctor={doctor} />
				{type && <TypeFacts type={type} withDescription={false} />}
			</div>
			<Content {...props} flow={flow} />
		</PanelFrame>
	)
}

/** What the calendar keeps for a visit of so many minutes: whole slots. */
const spanOf = ({ startsAt, endsAt }: Wanted, minutes = 1) => {
	const [from, slotMs] = [Date.parse(startsAt), Date.parse(endsAt) - Date.parse(startsAt)]
	const slots = Math.max(1, Math.ceil((minutes * 60_000) / slotMs))
	return { startsAt, endsAt: new Date(from + slots * slotMs).toISOString() }
}

const titleOf: Record<Exclude<Flow['step'], 'idle'>, string> = {
	identify: 'booking.identifyTitle',
	elsewhere: 'booking.elsewhereTitle',
	holding: 'booking.confirmTitle',
	held: 'booking.confirmTitle',
	booking: 'booking.confirmTitle',
	refused: 'booking.refusedTitle',
	expired: 'booking.expiredTitle',
	booked: 'booking.bookedTitle',
}

const Content = ({ flow, booking, doctor, moving, onOther, onClose }: Omit<Props, 'type'> & { flow: Exclude<Flow, { step: 'idle' }> }) => {
	const { t } = useTranslation()
	const { user, failed } = useSession()
	if (flow.step === 'identify') {
		return (
			<>
				<GuestClock guest={flow.guest} booking={booking} />
				<Suspense fallback={<Loading />}>{user === undefined && !failed ? <Loading /> : <Identify />}</Suspense>
				<Button variant="subtle" size="md" onClick={onClose}>
					{t('app.cancel')}
				</Button>
			</>
		)
	}
	if (flow.step === 'elsewhere') {
		const atDesk = user?.role === 'receptionist' || user?.role === 'admin'
		return (
			<>
				<Text>{t('booking.elsewhereText')}</Text>
				<div className={classes.actions}>
					{atDesk && (
						<Button component={Link} to="/desk" size="md">
							{t('nav.desk')}
						</Button>
					)}
					<Button variant="default" size="md" onClick={onClose}>
						{t('booking.toCalendar')}
					</Button>
				</div>
			</>
		)
	}
	if (flow.step === 'holding') {
		return (
			<>
				<div role="status" className={classes.holding}>
					<Loader size="sm" aria-hidden />
					<Text>{t('booking.holding')}</Text>
				</div>
				<Button variant="default" size="md" onClick={onClose}>
					{t('app.cancel')}
				</Button>
			</>
		)
	}
	if (flow.step === 'held' || flow.step === 'booking')
		return <Held key={flow.slot.id} flow={flow} booking={booking} moving={moving !== undefined} onClose={onClose} />
	if (flow.step === 'refused') return <Refused flow={flow} booking={booking} doctor={doctor} onOther={onOther} onClose={onClose} />
	if (flow.step === 'booked') return <Booked flow={flow} doctor={doctor} onClose={onClose} />
	return (
		<>
			<Text role="alert">{t('booking.expiredText')}</Text>
			<div className={classes.actions}>
				<Button size="md" onClick={() => void booking.hold(flow.slot)}>
					{t('booking.holdAgain')}
				</Button>
				<Button variant="default" size="md" onClick={onClose}>
					{t('booking.toCalendar')}
				</Button>
			</div>
		</>
	)
}

const maxReasonLength = 500
/** With so little left, more is offered. */
const shortSeconds = 45

type HeldProps = { flow: Flow & { step: 'held' | 'booking' }; booking: Booking; moving: boolean; onClose: () => void }

const Held = ({ flow, booking, moving, onClose }: HeldProps) => {
	const { t } = useTranslation()
	const [reason, setReason] = useTypedReason(flow.slot.id)
	const busy = flow.step === 'booking'
	return (
		<form
			className={classes.confirm}
			onSubmit={event => {
				event.preventDefault()
				void booking.confirm(reason)
			}}
		>
			{!busy && (
				<div data-testid="countdown">
					<HoldClock hold={flow.hold} booking={booking} />
				</div>
			)}
			{flow.step === 'held' && flow.error !== undefined && <ErrorMessage error={flow.error} />}
			{!moving && (
				<Textarea
					label={`${t('booking.reason')} (${t('account.optional')})`}
					description={t('booking.reasonHint')}
					size="md"
					rows={2}
					maxLength={maxReasonLength}
					value={reason}
					readOnly={busy}
					onChange={event => setReason(event.currentTarget.value)}
				/>
			)}
			<Text role="status" className={classes.dim}>
				{busy ? t(flow.isWaiting ? 'booking.waiting' : 'booking.sending') : ''}
			</Text>
			<div className={classes.actions}>
				<Button type="submit" size="md" loading={busy}>
					{t(moving ? 'booking.confirmMove' : 'booking.confirm')}
				</Button>
				<Button variant="default" size="md" disabled={busy} onClick={onClose}>
					{t('booking.release')}
				</Button>
			</div>
		</form>
	)
}

/** How the slot of a newcomer stands. When its time is over, it is asked for again as long as the server lets guests have it. */
const GuestClock = ({ guest, booking: { holdOn } }: { guest: GuestHold; booking: Booking }) => {
	const { t } = useTranslation()
	if (guest.state === 'held') return <GuestTime expiresAt={guest.hold.expiresAt} onOver={holdOn} />
	return (
		<Text role="status" className={classes.dim}>
			{guest.state === 'unheld' ? t('journey.notHeld') : ''}
		</Text>
	)
}

const GuestTime = ({ expiresAt, onOver }: { expiresAt: string; onOver: () => void }) => {
	const { t } = useTranslation()
	const left = useSecondsLeft(expiresAt)
	useEffect(() => {
		// The server frees what has run out within a moment.
		if (left === 0) {
			const timer = window.setTimeout(onOver, 1000)
			return () => window.clearTimeout(timer)
		}
	}, [left, onOver])
	return (
		<div className={classes.clock} data-testid="countdown">
			<Text>
				{t('journey.heldWhile')} <Countdown until={expiresAt} className={classes.clockTime} />
			</Text>
			<CountdownAnnouncement until={expiresAt} />
		</div>
	)
}

const HoldClock = ({ hold, booking }: { hold: Hold; booking: Booking }) => {
	const { t } = useTranslation()
	const left = useSecondsLeft(hold.expiresAt)
	const { expire } = booking
	useEffect(() => {
		if (left === 0) expire()
	}, [left, expire])
	return (
		<div className={classes.clock} data-short={left <= shortSeconds || undefined}>
			<Text>
				{t('booking.heldFor')} <Countdown until={hold.expiresAt} className={classes.clockTime} />
			</Text>
			{left <= shortSeconds && (
				<Button variant="default" size="sm" mih={44} onClick={() => void booking.extend()}>
					{t('booking.moreTime')}
				</Button>
			)}
			<CountdownAnnouncement until={hold.expiresAt} />
		</div>
	)
}

const Refused = ({
	flow,
	booking,
	doctor,
	onOther,
	onClose,
}: Pick<Props, 'booking' | 'doctor' | 'onOther' | 'onClose'> & { flow: Flow & { step: 'refused' } }) => {
	const { t } = useTranslation()
	const format = useFormat(doctor.timeZone)
	const { error, slot } = flow
	const alternatives = error.problem?.alternatives ?? []
	const again = errorProperties(error).retry !== undefined
	return (
		<Stack gap="md">
			<ErrorMessage error={error} />
			{alternatives.length > 0 && (
				<div>
					<Text fw={600} mb={6} id="alternatives">
						{t('booking.alternatives')}
					</Text>
					<ul className={classes.alternatives} aria-labelledby="alternatives">
						{alternatives.map(offer => (
							<li key={offer.id}>
								<Button
									fullWidth
									variant="light"
									size="md"
									data-testid="alternative"
									data-slot-id={offer.id}
									onClick={() => onOther(offer)}
								>
									{format.dayAndTime(offer.startsAt)}
								</Button>
							</li>
						))}
					</ul>
				</div>
			)}
			<div className={classes.actions}>
				{again && (
					<Button size="md" onClick={() => void booking.hold(slot)}>
						{t('app.retry')}
					</Button>
				)}
				<Button variant="default" size="md" onClick={onClose}>
					{t('booking.toCalendar')}
				</Button>
			</div>
		</Stack>
	)
}

const Booked = ({ flow, doctor, onClose }: Pick<Props, 'doctor' | 'onClose'> & { flow: Flow & { step: 'booked' } }) => {
	const { t } = useTranslation()
	return (
		<div className={classes.actions} data-testid="booked" data-appointment-id={flow.appointment.id} data-doctor-id={doctor.id}>
			<AddToCalendar appointmentId={flow.appointment.id} />
			<Button component={Link} to="/visits" size="md">
				{t('nav.visits')}
			</Button>
			<Button variant="subtle" size="md" onClick={onClose}>
				{t('booking.toCalendar')}
			</Button>
		</div>
	)
}
