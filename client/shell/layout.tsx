import {
	ActionIcon,
	Alert,
	Box,
	Burger,
	Button,
	Container,
	Group,
	Text,
	UnstyledButton,
	useComputedColorScheme,
	useMantineColorScheme,
	VisuallyHidden,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconCalendarCheck, IconMoon, IconPlugConnectedX, IconSun } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Outlet, useLocation } from 'react-router'
import type { Role } from '../../contract/index.ts'
import { useClinic, useClinicName } from '../api/clinic.ts'
import { useConnectionLost } from '../api/connection.ts'
import { useSession } from '../api/session.tsx'
import { ErrorBoundary } from './error-boundary.tsx'
import { Footer } from './footer.tsx'
import classes from './layout.module.css'
import { AccountButton, LanguageButton } from './menu-buttons.tsx'
import { Title } from './title.tsx'

type Destination = { to: string; label: string; roles: readonly Role[] | 'all' }

const destinations: Destination[] = [
	{ to: '/', label: 'nav.find', roles: 'all' },
	{ to: '/visits', label: 'nav.visits', roles: ['patient'] },
	{ to: '/desk', label: 'nav.desk', roles: ['receptionist', 'admin'] },
	{ to: '/day', label: 'nav.day', roles: ['doctor'] },
	{ to: '/hours', label: 'nav.hours', roles: ['doctor'] },
	{ to: '/admin/settings', label: 'nav.settings', roles: ['admin'] },
	{ to: '/admin/users', label: 'nav.users', roles: ['admin'] },
	{ to: '/admin/analytics', label: 'nav.analytics', roles: ['admin'] },
	{ to: '/admin/screens', label: 'nav.screens', roles: ['admin'] },
	{ to: '/admin/audit', label: 'nav.audit', roles: ['admin'] },
	{ to: '/admin/jobs', label: 'nav.jobs', roles: ['admin'] },
]

type Menus = typeof import('./menus.tsx')

/** The menus, fetched when one is opened: few visitors open any, and they would be a tenth of the first load. */
const useMenus = () => {
	const [menus, setMenus] = useState<Menus>()
	// One that could not be fetched can be asked for again.
	return { menus, fetchMenus: () => void import('./menus.tsx').then(setMenus, () => {}) }
}

const LanguageChoice = () => {
	const { menus, fetchMenus } = useMenus()
	return menus ? <menus.LanguageMenu /> : <LanguageButton onClick={fetchMenus} />
}

const SchemeToggle = () => {
	const { t } = useTranslation()
	const { setColorScheme } = useMantineColorScheme()
	const scheme = useComputedColorScheme('light')
	return (
		<ActionIcon
			variant="subtle"
			size={44}
			aria-label={t('app.colorScheme')}
			onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
		>
			{scheme === 'dark' ? <IconSun size={20} aria-hidden /> : <IconMoon size={20} aria-hidden />}
		</ActionIcon>
	)
}

const Account = () => {
	const { t } = useTranslation()
	const { user } = useSession()
	const { pathname, search } = useLocation()
	const { menus, fetchMenus } = useMenus()
	if (user) return menus ? <menus.AccountMenu user={user} /> : <AccountButton user={user} onClick={fetchMenus} />
	return (
		<Button component={Link} to="/sign-in" state={{ from: pathname + search }} size="md" px="md" variant="light">
			{t('account.signIn')}
		</Button>
	)
}

const ConnectionNotice = () => {
	const { t } = useTranslation()
	const lost = useConnectionLost()
	return (
		<div role="status" aria-live="polite">
			{lost && (
				<Alert color="yellow" icon={<IconPlugConnectedX aria-hidden />} radius={0} data-testid="connection-lost">
					<Text c="var(--mantine-color-text)">{t('app.connectionLost')}</Text>
				</Alert>
			)}
		</div>
	)
}

/** The frame around every screen. */
export const Layout = () => {
	const { t } = useTranslation()
	const { user } = useSession()
	const clinic = useClinic()
	const name = useClinicName()
	const { pathname } = useLocation()
	const [opened, { toggle, close }] = useDisclosure(false)
	const shown = destinations.filter(({ roles }) => roles === 'all' || (user && roles.includes(user.role)))
	const isActive = (to: string) => (to === '/' ? pathname === '/' || pathname.startsWith('/doctors') : pathname.startsWith(to))
	return (
		<>
			<header className={classes.header}>
				<a href="#content" className={classes.skip}>
					{t('app.skip')}
				</a>
				<Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="xs">
					<Group wrap="nowrap" gap="sm">
						{shown.length > 1 && (
							<Burger
								opened={opened}
								onClick={toggle}
								hiddenFrom="md"
								size="sm"
								w={44}
								h={44}
								aria-label={t('app.menu')}
								aria-expanded={opened}
								aria-controls="navigation"
							/>
						)}
						<UnstyledButton component={Link} to="/" className={classes.brand} onClick={close}>
							{clinic?.logoUrl ? <img src={clinic.logoUrl} alt="" className={classes.logo} /> : <IconCalendarCheck size={26} aria-hidden />}
							<Text fw={700} className={classes.brandName}>
								<bdi>{name}</bdi>
							</Text>
						</UnstyledButton>
						<Group component="nav" gap={4} visibleFrom="md" aria-label={t('app.menu')} wrap="nowrap">
							{shown.map(({ to, label }) => (
								<Button
									key={to}
									component={Link}
									to={to}
									size="compact-md"
									variant={isActive(to) ? 'light' : 'subtle'}
									aria-current={isActive(to) ? 'page' : undefined}
								>
									{t(label)}
								</Button>
							))}
						</Group>
					</Group>
					<Group gap={4} wrap="nowrap">
						<LanguageChoice />
						<SchemeToggle />
						<Account />
					</Group>
				</Group>
				{opened && (
					<Box component="nav" id="navigation" className={classes.navigation} aria-label={t('app.menu')} hiddenFrom="md">
						{shown.map(({ to, label }) => (
							<Link key={to} to={to} className={classes.destination} aria-current={isActive(to) ? 'page' : undefined} onClick={close}>
								{t(label)}
							</Link>
						))}
					</Box>
				)}
			</header>
			<main id="content" tabIndex={-1} className={classes.main}>
				<ConnectionNotice />
				{/* A screen that fails leaves the way to the others. */}
				<ErrorBoundary key={pathname}>
					<Outlet />
				</ErrorBoundary>
			</main>
			{(!user || user.role === 'patient') && <Footer />}
		</>
	)
}

/** A screen's width and heading. */
export const Screen = ({
	title,
	wide,
	hideTitle,
	children,
}: {
	title: string
	wide?: boolean
	hideTitle?: boolean
	children: React.ReactNode
}) => (
	<Container fluid={wide ?? false} size="md" py="md">
		<Title>{title}</Title>
		{hideTitle ? (
			<VisuallyHidden>
				<h1>{title}</h1>
			</VisuallyHidden>
		) : (
			<Text component="h1" fz="h2" fw={650} mb="md">
				{title}
			</Text>
		)}
		{children}
	</Container>
)
