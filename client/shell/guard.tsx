import { Button, Container, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Navigate, useLocation } from 'react-router'
import type { Role } from '../../contract/index.ts'
import { ApiError } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { Screen } from './layout.tsx'
import { ErrorMessage, Loading } from './messages.tsx'

const securityPath = '/account/security'

/** Lets only these roles through; the server checks for itself, this spares the others a screen that would not work. */
export const For = ({ roles, children }: { roles: readonly Role[]; children: ReactNode }) => {
	const { t } = useTranslation()
	const { user, failed, retry, lacksSecondFactor } = useSession()
	const location = useLocation()
	if (failed) {
		return (
			<Container size="md" py="md">
				<ErrorMessage error={new ApiError('unreachable')} onRetry={retry} />
			</Container>
		)
	}
	if (user === undefined) return <Loading />
	if (user === null) return <Navigate to="/sign-in" replace state={{ from: location.pathname + location.search }} />
	if (user.status === 'pending') {
		return (
			<Screen title={t('nav.account')}>
				<Text>{t('account.pending')}</Text>
			</Screen>
		)
	}
	if (lacksSecondFactor && location.pathname !== securityPath) return <Navigate to={securityPath} replace />
	if (!roles.includes(user.role)) {
		return (
			<Screen title={t('app.notFound')}>
				<Stack align="flex-start">
					<Text>{t('account.notForYou')}</Text>
					<Button component={Link} to="/">
						{t('app.toStart')}
					</Button>
				</Stack>
			</Screen>
		)
	}
	return children
}
