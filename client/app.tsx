import { Button, Stack } from '@mantine/core'
import { type ComponentType, lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Outlet, Route, Routes } from 'react-router'
import type { Role } from '../contract/index.ts'
import { useSession } from './api/session.tsx'
import { BookingScreen } from './booking/booking-screen.tsx'
import { DoctorsScreen } from './booking/doctors-screen.tsx'
import { wantTexts } from './i18n/index.ts'
import { fetched } from './shell/fetched.tsx'
import { For } from './shell/guard.tsx'
import { Layout, Screen } from './shell/layout.tsx'
import { Loading } from './shell/messages.tsx'

/** The screens of the clinic's own people bring their texts along. */
const withClinicTexts =
	<T,>(load: () => Promise<T>) =>
	async (): Promise<T> =>
		(await Promise.all([load(), wantTexts('clinic')]))[0]

const withWaitingTexts =
	<T,>(load: () => Promise<T>) =>
	async (): Promise<T> =>
		(await Promise.all([load(), wantTexts('waiting')]))[0]

/** Users, settings and the first run have texts of their own, too. */
const withSetupTexts = <T,>(load: () => Promise<T>) => withClinicTexts(async () => (await Promise.all([load(), wantTexts('setup')]))[0])

// What a first visit to the booking page needs is on board; every other screen is fetched when it is opened.
const VisitsScreen = fetched(() => import('./visits/visits-screen.tsx'))
const RecallsScreen = fetched(withClinicTexts(() => import('./desk/recalls-screen.tsx')))
const DeskScreen = fetched(withWaitingTexts(withClinicTexts(() => import('./desk/desk-screen.tsx'))))
const DaySheetScreen = fetched(withClinicTexts(() => import('./lists/day-sheet-screen.tsx')))
const DayScreen = fetched(withClinicTexts(() => import('./doctor/day-screen.tsx')))
const HoursScreen = fetched(withClinicTexts(() => import('./hours/hours-screen.tsx')))
const TimeOffScreen = fetched(withClinicTexts(() => import('./doctor/time-off-screen.tsx')))
const UsersScreen = fetched(withSetupTexts(() => import('./admin/users-screen.tsx')))
const SettingsScreen = fetched(withSetupTexts(() => import('./admin/settings/settings-screen.tsx')))
const SetupScreen = fetched(withSetupTexts(() => import('./setup/setup-screen.tsx')))
const AdminHome = fetched(() => import('./setup/admin-home.tsx'))
const FirstAdminScreen = fetched(async () => (await Promise.all([import('./setup/first-admin-screen.tsx'), wantTexts('setup')]))[0])
const AnalyticsScreen = fetched(withClinicTexts(() => import('./admin/analytics-screen.tsx')))
const AuditScreen = fetched(withClinicTexts(() => import('./admin/audit-screen.tsx')))
const JobsScreen = fetched(withClinicTexts(() => import('./admin/jobs-screen.tsx')))
const SignInScreen = fetched(() => import('./account/sign-in-screen.tsx'))
const RegisterScreen = fetched(() => import('./account/register-screen.tsx'))
const ForgotScreen = fetched(() => import('./account/forgot-screen.tsx'))
const ResetScreen = fetched(() => import('./account/reset-screen.tsx'))
const ClinicScreen = fetched(() => import('./clinic/clinic-screen.tsx'))
const ErasedScreen = fetched(() => import('./account/erased-screen.tsx'))
const AccountScreen = fetched(() => import('./account/account-screen.tsx'))
const SecurityScreen = fetched(async () => (await Promise.all([import('./security/security-screen.tsx'), wantTexts('security')]))[0])

const WallScreen = fetched(withWaitingTexts(() => import('./waiting/wall-screen.tsx')))
const KioskScreen = fetched(withWaitingTexts(() => import('./waiting/kiosk-screen.tsx')))
const LineScreen = fetched(withWaitingTexts(() => import('./waiting/line-screen.tsx')))
const ScreensScreen = fetched(withWaitingTexts(() => import('./waiting/screens-screen.tsx')))
const DoorScreen = fetched(withWaitingTexts(() => import('./waiting/door-screen.tsx')))

const DoorsScreen = fetched(
	async () => (await Promise.all([import('./doors/doors-screen.tsx'), withClinicTexts(() => wantTexts('doors'))()]))[0],
)
const EmbedScreen = fetched(async () => (await Promise.all([import('./doors/embed-screen.tsx'), wantTexts('doors')]))[0])

const NotFound = () => {
	const { t } = useTranslation()
	return (
		<Screen title={t('app.notFound')}>
			<Stack align="flex-start">
				<Button component={Link} to="/">
					{t('app.toStart')}
				</Button>
			</Stack>
		</Screen>
	)
}

// Only the clinic's own people are shown notices at the edge of the page.
const Notices = lazy(async (): Promise<{ default: ComponentType<{ position: 'bottom-center' }> }> => {
	try {
		return { default: (await import('@mantine/notifications')).Notifications }
	} catch {
		return { default: () => null }
	}
})

const ClinicNotices = () => {
	const { user } = useSession()
	if (!user || user.role === 'patient') return null
	return (
		<Suspense>
			<Notices position="bottom-center" />
		</Suspense>
	)
}

const only = (...roles: Role[]) => (
	<For roles={roles}>
		<Outlet />
	</For>
)

export const App = () => (
	<Suspense fallback={<Loading />}>
		<ClinicNotices />
		<Routes>
			<Route path="wall" element={<WallScreen />} />
			<Route path="embed" element={<EmbedScreen />} />
			<Route path="kiosk" element={<KioskScreen />} />
			<Route path="admin/screens/door/:siteId" element={<DoorScreen />} />
			<Route element={<Layout />}>
				<Route path="line" element={<LineScreen />} />
				<Route path="check-in" element={<LineScreen />} />
				<Route index element={<DoctorsScreen />} />
				<Route path="doctors/:doctorId" element={<BookingScreen />} />
				<Route path="clinic" element={<ClinicScreen />} />
				<Route path="sign-in" element={<SignInScreen />} />
				<Route path="register" element={<RegisterScreen />} />
				<Route path="forgot-password" element={<ForgotScreen />} />
				<Route path="reset-password" element={<ResetScreen />} />
				<Route path="first-admin" element={<FirstAdminScreen />} />
				<Route path="erased" element={<ErasedScreen />} />
				<Route element={only('patient', 'doctor', 'receptionist', 'admin')}>
					<Route path="account" element={<AccountScreen />} />
					<Route path="account/security" element={<SecurityScreen />} />
				</Route>
				<Route element={only('patient')}>
					<Route path="visits" element={<VisitsScreen />} />
				</Route>
				<Route element={only('receptionist', 'admin')}>
					<Route path="desk" element={<DeskScreen />} />
					<Route path="desk/recalls" element={<RecallsScreen />} />
					<Route path="desk/sheet" element={<DaySheetScreen />} />
					<Route path="desk/doctors/:doctorId/time-off" element={<TimeOffScreen />} />
				</Route>
				<Route element={only('doctor')}>
					<Route path="day" element={<DayScreen />} />
					<Route path="hours" element={<HoursScreen />} />
				</Route>
				<Route element={only('admin')}>
					<Route path="admin" element={<AdminHome />} />
					<Route path="admin/setup" element={<SetupScreen />} />
					<Route path="admin/settings/:page?" element={<SettingsScreen />} />
					<Route path="admin/users" element={<UsersScreen />} />
					<Route path="admin/users/:doctorId/hours" element={<HoursScreen />} />
					<Route path="admin/analytics" element={<AnalyticsScreen />} />
					<Route path="admin/screens" element={<ScreensScreen />} />
					<Route path="admin/connections" element={<DoorsScreen />} />
					<Route path="admin/audit" element={<AuditScreen />} />
					<Route path="admin/jobs" element={<JobsScreen />} />
				</Route>
				<Route path="*" element={<NotFound />} />
			</Route>
		</Routes>
	</Suspense>
)
