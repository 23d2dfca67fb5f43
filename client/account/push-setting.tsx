import { Button, Group, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { type PushState, readPush, switchPushOff, switchPushOn } from './push.ts'

type Props = {
	/** Whether notifications are wanted at all, on whatever device. */
	wanted: boolean
	onWanted: () => Promise<void>
}

/** Notifications on this device. Switching them on here means that they are wanted at all. */
export const PushSetting = ({ wanted, onWanted }: Props) => {
	const { t } = useTranslation()
	const [state, setState] = useState<PushState>()
	const [busy, setBusy] = useState(false)
	const [error, setError] = useState<unknown>()
	useEffect(() => void readPush().then(setState), [])

	const change = async (to: () => Promise<PushState>) => {
		setBusy(true)
		setError(undefined)
		try {
			const next = await to()
			if (next === 'on' && !wanted) await onWanted()
			setState(next)
		} catch (failure) {
			setError(failure)
		} finally {
			setBusy(false)
		}
	}

	const shown = state === 'on' && !wanted ? 'off' : state
	const explanation = { unsupported: 'pushUnsupported', blocked: 'pushBlocked', off: 'pushOffText', on: 'pushOnText' } as const
	return (
		<div data-testid="push-setting">
			{error !== undefined && <ErrorMessage error={error} />}
			<Group justify="space-between" gap="sm" aria-live="polite">
				<Text className={classes.hint} flex="1 1 14rem">
					<Text span inherit fw={500} c="var(--mantine-color-text)" display="block">
						{t('account.push')}
					</Text>
					{shown && t(`account.${explanation[shown]}`)}
				</Text>
				{shown === 'off' && (
					<Button size="md" variant="light" loading={busy} onClick={() => void change(switchPushOn)}>
						{t('account.pushOn')}
					</Button>
				)}
				{shown === 'on' && (
					<Button size="md" variant="default" loading={busy} onClick={() => void change(switchPushOff)}>
						{t('account.pushOff')}
					</Button>
				)}
			</Group>
		</div>
	)
}
