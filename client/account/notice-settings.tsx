import { Alert, NativeSelect, Stack, Switch, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { NotificationChannel, NotificationPreferences, NotificationPreferencesInput } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { languages } from '../i18n/index.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import { PushSetting } from './push-setting.tsx'
import { useZones } from './zones.ts'

const preferencesKey = ['me', 'notifications']

const usePreferences = () => {
	const queries = useQueryClient()
	const preferences = useQuery({
		queryKey: preferencesKey,
		queryFn: ({ signal }) => request<NotificationPreferences>('/me/notifications', { signal }),
		staleTime: 0,
	})
	const change = useMutation({
		// One after the other, so that the last one said is the one that stays.
		scope: { id: 'preferences' },
		mutationFn: (changes: NotificationPreferencesInput) =>
			request<NotificationPreferences>('/me/notifications', { method: 'PATCH', body: changes }),
		// Shown at once, and taken back if the server does not take it.
		onMutate: async changes => {
			await queries.cancelQueries({ queryKey: preferencesKey })
			const before = queries.getQueryData<NotificationPreferences>(preferencesKey)
			const set = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
			queries.setQueryData<NotificationPreferences>(preferencesKey, known => known && { ...known, ...set })
			return before
		},
		onError: (_error, _changes, before) => queries.setQueryData(preferencesKey, before),
		onSuccess: saved => queries.setQueryData(preferencesKey, saved),
	})
	return { preferences, change }
}

type ChoicesProps = { chosen: NotificationPreferences; onChange: (changes: NotificationPreferencesInput) => void }

/** Over what, as far as the clinic has it. */
const Channels = ({ chosen, onChange }: ChoicesProps) => {
	const { t } = useTranslation()
	const { user } = useSession()
	const hints: Record<NotificationChannel, string | undefined> = {
		email: user?.email,
		sms: user?.phone || t('account.notices.noPhone'),
		push: t('account.notices.pushHint'),
	}
	if (chosen.offered.length === 0) return <Text>{t('account.notices.noneOffered')}</Text>
	return (
		<Stack component="fieldset" gap="sm" m={0} p={0} bd="none">
			<Text component="legend" fw={500} p={0} mb="xs">
				{t('account.notices.channels')}
			</Text>
			{chosen.offered.map(channel => (
				<Switch
					key={channel}
					size="md"
					label={t(`account.notices.${channel}`)}
					description={hints[channel]}
					checked={chosen[channel]}
					onChange={event => onChange({ [channel]: event.currentTarget.checked })}
				/>
			))}
			{chosen.offered.every(channel => !chosen[channel]) && (
				<Alert color="yellow" variant="light" role="status">
					<Text c="var(--mantine-color-text)">{t('account.notices.allOff')}</Text>
				</Alert>
			)}
		</Stack>
	)
}

const Words = ({ chosen, onChange }: ChoicesProps) => {
	const { t } = useTranslation()
	const zones = useZones(chosen.timeZone)
	return (
		<>
			<NativeSelect
				size="md"
				label={t('account.notices.language')}
				data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
				value={chosen.language}
				onChange={event => onChange({ language: event.currentTarget.value as NotificationPreferences['language'] })}
			/>
			<NativeSelect
				size="md"
				label={t('account.timeZone')}
				description={t('account.notices.zoneHint')}
				data={[{ value: '', label: t('account.notices.doctorsZone') }, ...zones]}
				value={chosen.timeZone ?? ''}
				onChange={event => onChange({ timeZone: event.currentTarget.value || null })}
			/>
		</>
	)
}

/** How a patient is told about visits. Every choice counts at once. */
export const NoticeSettings = () => {
	const { t } = useTranslation()
	const { preferences, change } = usePreferences()
	const chosen = preferences.data
	const choices = chosen && { chosen, onChange: (changes: NotificationPreferencesInput) => change.mutate(changes) }
	return (
		<Stack gap="md" data-testid="notice-settings">
			<Title order={2} size="h4">
				{t('account.notices.title')}
			</Title>
			{preferences.isPending && <Skeletons heights={[44, 44, 44, 60]} />}
			{preferences.isError && !chosen && <ErrorMessage error={preferences.error} onRetry={() => void preferences.refetch()} />}
			{choices && <Channels {...choices} />}
			{chosen?.offered.includes('push') && (
				<PushSetting wanted={chosen.push} onWanted={async () => void (await change.mutateAsync({ push: true }))} />
			)}
			{choices && <Words {...choices} />}
			{change.error && <ErrorMessage error={change.error} />}
			<Text role="status" fz="sm">
				{change.isSuccess ? t('account.saved') : ''}
			</Text>
		</Stack>
	)
}
