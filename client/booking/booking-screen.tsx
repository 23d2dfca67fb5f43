import { Button, Container, NativeSelect, Skeleton, Stack, Text } from '@mantine/core'
import { IconClock } from '@tabler/icons-react'
import { type KeyboardEvent, useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Navigate, useLocation, useParams, useSearchParams } from 'react-router'
import type { Appointment, AppointmentType, Doctor } from '../../contract/index.ts'
import { serverNow } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { dateIn, useFormat } from '../i18n/format.ts'
import { Screen } from '../shell/layout.tsx'
import { ErrorMessage, SlowNote } from '../shell/messages.tsx'
import { Title } from '../shell/title.tsx'
import { AboutDoctor } from './about-doctor.tsx'
import classes from './booking.module.css'
import { CannotMove, isMovable, isUnknown } from './cannot-move.tsx'
import { DoctorFace, useSpecialtyName, useTypeName } from './doctor-face.tsx'
import { Legend } from './legend.tsx'
import { MovingNotice } from './moving-notice.tsx'
import { ConfirmPanel } from './panel.tsx'
import { useAppointment, useAppointmentTypes, useDoctor, useNextFree } from './queries.ts'
import { TypeFacts } from './type-facts.tsx'
import { useBooking } from './use-booking.ts'
import { useSheet } from './use-sheet.ts'
import { dayAsked } from './week.ts'
import { WeekView } from './week-view.tsx'
import { isOtherZone } from './zones.ts'

/** What is to be booked: the type chosen, or that of the appointment to be moved. */
const wantedType = (types: readonly AppointmentType[], asked: string | null, moving: Appointment | undefined) => {
	if (!moving) return types.find(({ id }) => id === asked) ?? types[0]
	const type = types.find(({ id }) => id === moving.typeId)
	const minutes = (Date.parse(moving.endsAt) - Date.parse(moving.startsAt)) / 60_000
	// An appointment that is shorter than its type was booked as one slot and stays one.
	return type && moving.slotIds.length === 1 && type.minutes > minutes ? undefined : type
}

const Header = ({ doctor }: { doctor: Doctor }) => {
	const { t } = useTranslation()
	const format = useFormat(doctor.timeZone)
	const specialtyName = useSpecialtyName()
	return (
		<div className={classes.header}>
			<DoctorFace doctor={doctor} className={classes.avatar} />
			<div>
				<h1 className={classes.title}>{doctor.fullName}</h1>
				<Text className={classes.dim}>{[specialtyName(doctor), doctor.title].filter(Boolean).join(' · ')}</Text>
				{isOtherZone(doctor.timeZone) && (
					<Text className={classes.zoneNote} size="sm">
						<IconClock size={16} aria-hidden />
						{t('booking.timesIn', { zone: format.zone(doctor.timeZone) })}
					</Text>
				)}
			</div>
		</div>
	)
}

type ReadyProps = { doctor: Doctor; types: readonly AppointmentType[]; moving: Appointment | undefined }

const Ready = ({ doctor, types, moving }: ReadyProps) => {
	const { t } = useTranslation()
	const [parameters, setParameters] = useSearchParams()
	const typeName = useTypeName()
	const type = wantedType(types, parameters.get('type'), moving)
	const booking = useBooking({ typeId: type?.id, moving })
	const today = dateIn(serverNow(), doctor.timeZone)
	const firstFree = useNextFree([doctor.id], 1).data?.get(doctor.id)?.[0]
	// Without a day in the address, also when moving: where the first free time is.
	const date = dayAsked(parameters.get('date') ?? (firstFree ? dateIn(firstFree.startsAt, doctor.timeZone) : null), today)
	const { holdOn, flow } = booking
	const { open, close } = useSheet(doctor, date, booking)

	const change = useCallback(
		(name: 'date' | 'type', value: string) =>
			setParameters(
				before => {
					const after = new URLSearchParams(before)
					after.set(name, value)
					return after
				},
				{ replace: true, preventScrollReset: true },
			),
		[setParameters],
	)
	const showDate = useCallback((shown: string) => change('date', shown), [change])
	// A newcomer's slot that is not held may go: then the sheet says so at once.
	const watchedId = flow.step === 'identify' && flow.guest.state === 'unheld' ? flow.slot.id : undefined
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key !== 'Escape' || event.defaultPrevented || flow.step === 'idle') return
		event.preventDefault()
		close()
	}

	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: Escape lets go from anywhere on the screen, also from among the times
		<div className={classes.layout} onKeyDown={onKeyDown}>
			<div className={classes.controls}>
				{moving ? (
					<MovingNotice moving={moving} withOthers />
				) : (
					types.length > 0 && (
						<>
							<NativeSelect
								size="md"
								label={t('booking.type')}
								disabled={flow.step === 'held' || flow.step === 'booking' || flow.step === 'holding'}
								data={types.map(each => ({
									value: each.id,
									label: t('booking.typeMinutes', { name: typeName(each), minutes: each.minutes }),
								}))}
								value={type?.id}
								onChange={event => change('type', event.currentTarget.value)}
							/>
							{type && <TypeFacts type={type} />}
						</>
					)
				)}
			</div>
			<WeekView
				doctor={doctor}
				date={date}
				today={today}
				minutes={type?.minutes ?? 1}
				onDate={showDate}
				onChoose={open}
				watched={watchedId}
				onTaken={holdOn}
			/>
			<div className={classes.side}>
				<ConfirmPanel
					booking={booking}
					doctor={doctor}
					type={type ?? types.find(({ id }) => id === moving?.typeId)}
					moving={moving}
					onOther={open}
					onClose={close}
				/>
				<Legend />
			</div>
		</div>
	)
}

const LoadingPage = () => (
	<Stack gap="md" aria-hidden>
		<div className={classes.header}>
			<Skeleton height={56} width={56} circle />
			<Stack gap={8} flex={1}>
				<Skeleton height={24} width="50%" />
				<Skeleton height={16} width="30%" />
			</Stack>
		</div>
		<Skeleton height={44} />
		<Skeleton height={280} />
	</Stack>
)

export const BookingScreen = () => {
	const { t } = useTranslation()
	const { doctorId = '' } = useParams()
	const [parameters] = useSearchParams()
	const { pathname, search } = useLocation()
	const { user } = useSession()
	const moveId = parameters.get('move') || undefined
	const doctor = useDoctor(doctorId)
	const types = useAppointmentTypes(doctorId)
	const moving = useAppointment(user ? moveId : undefined)
	const needed = [doctor, types, ...(moveId ? [moving] : [])]
	const failed = needed.find(each => each.isError && each.data === undefined)

	// Whose visit it is must be known, and the way leads on here afterwards.
	if (moveId && user === null) return <Navigate to="/sign-in" replace state={{ from: pathname + search }} />
	if (moveId && isUnknown(moving.error)) return <CannotMove why="unknown" />
	if (moveId && moving.data && !isMovable(moving.data)) return <CannotMove why="over" />
	if (failed) {
		return (
			<Screen title={t('booking.bookTitle')}>
				<Stack align="flex-start">
					<ErrorMessage error={failed.error} onRetry={() => void failed.refetch()} />
					<Button component={Link} to="/" variant="light" size="md">
						{t('nav.find')}
					</Button>
				</Stack>
			</Screen>
		)
	}
	return (
		<Container fluid py="md">
			<Title>{doctor.data?.fullName ?? t('booking.bookTitle')}</Title>
			{doctor.data && types.data && (!moveId || moving.data) ? (
				<>
					<Header doctor={doctor.data} />
					<AboutDoctor doctor={doctor.data} />
					<Ready key={`${doctor.data.id} ${moveId}`} doctor={doctor.data} types={types.data} moving={moveId ? moving.data : undefined} />
				</>
			) : (
				<>
					<SlowNote />
					<LoadingPage />
				</>
			)}
		</Container>
	)
}
