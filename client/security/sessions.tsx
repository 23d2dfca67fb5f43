import { Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { OwnSession } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import { Loaded } from '../shell/loaded.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { useSecurityChanged, useSessions } from './queries.ts'
import classes from './security.module.css'

const useDeviceName = () => {
	const { t } = useTranslation()
	return ({ browser, system }: OwnSession): string =>
		browser && system ? t('security.sessions.device', { browser, system }) : (browser ?? system ?? t('security.sessions.unknown'))
}

/** Signs out elsewhere: in one place by its id, or in all. */
const useEnding = () => {
	const changed = useSecurityChanged()
	return useMutation({
		mutationFn: (id: string | undefined) => request(id ? `/me/sessions/${id}` : '/me/sessions', { method: 'DELETE' }),
		// One that was gone already is gone.
		onSettled: changed,
	})
}

type Ending = ReturnType<typeof useEnding>

const Session = ({ session, ending }: { session: OwnSession; ending: Ending }) => {
	const { t } = useTranslation()
	const format = useFormat(viewerZone())
	const device = useDeviceName()(session)
	const times = { started: format.dayAndTime(session.startedAt), used: format.dayAndTime(session.lastUsedAt) }
	return (
		<li className={classes.session} data-testid="session">
			<div>
				<Group gap="xs">
					<Text fw={600}>{device}</Text>
					{session.current && (
						<Badge variant="default" tt="none" fw={500} size="lg">
							{t('security.sessions.this')}
						</Badge>
					)}
				</Group>
				<Text fz="sm">{t('security.sessions.times', times)}</Text>
				{session.address && (
					<Text fz="sm">
						{t('security.sessions.from')} <bdi dir="ltr">{session.address}</bdi>
					</Text>
				)}
			</div>
			{!session.current && (
				<Button
					size="md"
					variant="default"
					aria-label={`${t('account.signOut')}: ${device}, ${times.used}`}
					loading={ending.isPending && ending.variables === session.id}
					onClick={() => ending.mutate(session.id)}
				>
					{t('account.signOut')}
				</Button>
			)}
		</li>
	)
}

/** Where this account is signed in, and a way to be so no more. */
export const Sessions = () => {
	const { t } = useTranslation()
	const sessions = useSessions()
	const ending = useEnding()
	return (
		<Stack gap="md">
			<Title order={2} size="h4">
				{t('security.sessions.title')}
			</Title>
			<Text>{t('security.sessions.text')}</Text>
			{ending.error && <ErrorMessage error={ending.error} />}
			<Loaded query={sessions} outline={[64, 64]}>
				{({ items }) => (
					<>
						<ul className={classes.sessions}>
							{items.map(session => (
								<Session key={session.id} session={session} ending={ending} />
							))}
						</ul>
						{items.length > 1 && (
							<Group>
								<Button
									size="md"
									variant="default"
									loading={ending.isPending && ending.variables === undefined}
									onClick={() => ending.mutate(undefined)}
								>
									{t('security.sessions.endOthers')}
								</Button>
							</Group>
						)}
					</>
				)}
			</Loaded>
			<Text role="status">{ending.isSuccess ? t('security.sessions.ended') : ''}</Text>
		</Stack>
	)
}
