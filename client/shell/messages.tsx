import { Alert, Button, Center, Group, Loader, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/http.ts'
import { CallClinic } from './call-clinic.tsx'
import { reloadWhenServed } from './reload.ts'

/** The text for an error: always one of ours, also for a code that a newer server, or something before it, made up. */
export const useErrorText = () => {
	const { t, i18n } = useTranslation()
	return (error: unknown) => {
		const code: string = error instanceof ApiError ? error.code : 'internal'
		return t(`error.${i18n.exists(`error.${code}`) ? code : 'internal'}`)
	}
}

/** Errors whose text sends the reader to the telephone. */
const asksToCall = (error: unknown) => error instanceof ApiError && ['too_late', 'account_disabled'].includes(error.code)

type ErrorMessageProps = {
	error: unknown
	/** In place of the text for the error's code. */
	text?: string | undefined
	onRetry?: () => unknown
}

export const ErrorMessage = ({ error, text, onRetry }: ErrorMessageProps) => {
	const { t } = useTranslation()
	const textOf = useErrorText()
	const [retrying, setRetrying] = useState(false)
	const retry = async () => {
		setRetrying(true)
		await onRetry?.()
		setRetrying(false)
	}
	return (
		<Alert color="red" role="alert" variant="light">
			<Group justify="space-between" gap="sm">
				<Text c="var(--mantine-color-text)">
					{text ?? textOf(error)} {asksToCall(error) && <CallClinic />}
				</Text>
				{onRetry && (
					<Button size="md" variant="default" loading={retrying} onClick={() => void retry()}>
						{t('app.retry')}
					</Button>
				)}
			</Group>
		</Alert>
	)
}

const longMs = 4000
const tooLongMs = 10_000

/** How long the person has waited: a spinner must not turn for ever. */
export const useWait = (): 'short' | 'long' | 'too long' => {
	const [wait, setWait] = useState<'short' | 'long' | 'too long'>('short')
	useEffect(() => {
		const timers = [setTimeout(() => setWait('long'), longMs), setTimeout(() => setWait('too long'), tooLongMs)]
		return () => timers.forEach(clearTimeout)
	}, [])
	return wait
}

/** Says after a while that it takes longer than usual. */
export const SlowNote = () => {
	const { t } = useTranslation()
	const wait = useWait()
	return <Text role="status">{wait === 'short' ? '' : t('app.slow')}</Text>
}

export const Loading = ({ onRetry = reloadWhenServed }: { onRetry?: () => unknown }) => {
	const { t } = useTranslation()
	const wait = useWait()
	if (wait === 'too long') return <ErrorMessage error={new ApiError('unreachable')} onRetry={onRetry} />
	return (
		<Center py="xl" role="status">
			<Loader aria-hidden />
			<Text ms="sm">{t(wait === 'long' ? 'app.slow' : 'app.loading')}</Text>
		</Center>
	)
}

export const Empty = ({ title, children }: { title: string; children?: React.ReactNode }) => (
	<Stack align="center" py="xl" gap="xs">
		<Text fw={600}>{title}</Text>
		{children}
	</Stack>
)
