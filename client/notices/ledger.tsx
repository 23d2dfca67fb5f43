import { Button, Loader, Stack, Text } from '@mantine/core'
import {
	IconAlertTriangle,
	IconBell,
	IconCircleCheck,
	IconCircleMinus,
	IconClock,
	IconMail,
	IconMessage,
	IconRefresh,
} from '@tabler/icons-react'
import { useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Notification, NotificationChannel, NotificationStatus } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import classes from './ledger.module.css'
import { nextAt, useLedger } from './use-ledger.ts'
import { isFromProvider, whyOf } from './why.ts'

const statusIcons = {
	due: IconClock,
	sent: IconCircleCheck,
	failed: IconAlertTriangle,
	void: IconCircleMinus,
	skipped: IconCircleMinus,
} as const satisfies Record<NotificationStatus, unknown>

const channelIcons = { email: IconMail, sms: IconMessage, push: IconBell } as const satisfies Record<NotificationChannel, unknown>

/** Given up, or waiting for another try after a failure. */
const hasFailed = ({ status, attempts, error }: Notification) => status === 'failed' || (status === 'due' && attempts > 0 && !!error)

/** What a message is about: "Reminder 1 day ahead". */
const useSubject = () => {
	const { t, i18n } = useTranslation()
	const inUnits = (value: number, unit: 'day' | 'hour' | 'minute') =>
		new Intl.NumberFormat(`${i18n.language}-u-nu-latn`, { style: 'unit', unit, unitDisplay: 'long' }).format(value)
	const lead = (minutes: number) =>
		minutes % 1440 === 0 ? inUnits(minutes / 1440, 'day') : minutes % 60 === 0 ? inUnits(minutes / 60, 'hour') : inUnits(minutes, 'minute')
	return ({ kind, leadMinutes }: Notification) => t(`notices.kind.${kind}`, { lead: lead(leadMinutes ?? 0) })
}

const Why = ({ error }: { error: string }) => {
	const { t } = useTranslation()
	return (
		<>
			<span className={classes.why}>{t(`notices.why.${whyOf(error)}`)}</span>
			{isFromProvider(error) && (
				<bdi className={classes.provider} lang="en" dir="ltr">
					{error}
				</bdi>
			)}
		</>
	)
}

type RowProps = { notification: Notification; timeZone: string | undefined; busy: boolean; onRetry: (() => void) | undefined }

const Row = ({ notification, timeZone, busy, onRetry }: RowProps) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const subject = useSubject()(notification)
	const { status, channel, sentAt, attempts, error } = notification
	const failed = hasFailed(notification)
	const [StatusIcon, ChannelIcon] = [failed ? IconAlertTriangle : statusIcons[status], channelIcons[channel]]
	const channelName = t(`notices.channel.${channel}`)
	const told = status === 'due' && attempts > 0 ? 'again' : status
	return (
		<li className={classes.row} data-testid="notice" data-channel={channel} data-kind={notification.kind} data-status={status}>
			<StatusIcon size={18} aria-hidden className={classes.icon} data-failed={failed || undefined} />
			<div className={classes.what}>
				<span className={classes.subject}>{subject}</span>
				<span className={classes.channel}>
					<ChannelIcon size={14} aria-hidden />
					{channelName}
				</span>
				<span data-testid="notice-state">
					{t(`notices.told.${told}`, { when: format.dayAndTime(sentAt ?? nextAt(notification)), count: attempts })}
				</span>
				{error && status !== 'sent' && <Why error={error} />}
			</div>
			{failed && onRetry && (
				<Button
					size="compact-sm"
					variant="default"
					className={classes.retry ?? ''}
					leftSection={busy ? <Loader size={14} color="currentColor" aria-hidden /> : <IconRefresh size={14} aria-hidden />}
					aria-label={`${t('notices.retry')}: ${subject}, ${channelName}`}
					data-testid="notice-retry"
					onClick={onRetry}
				>
					{t('notices.retry')}
				</Button>
			)}
		</li>
	)
}

const Summary = ({ items }: { items: readonly Notification[] }) => {
	const { t } = useTranslation()
	const counts = {
		failed: items.filter(hasFailed).length,
		sent: items.filter(({ status }) => status === 'sent').length,
		due: items.filter(each => each.status === 'due' && !hasFailed(each)).length,
	}
	const parts = (['failed', 'sent', 'due'] as const)
		.filter(name => counts[name] > 0)
		.map(name => t(`notices.${name}`, { count: counts[name] }))
	return <span role="status">{parts.join(' · ')}</span>
}

type Props = {
	appointmentId: string
	/** The doctor's, which the times are shown in. */
	timeZone: string | undefined
	/** Whether this reader may have a message tried again. */
	mayRetry: boolean
}

/** What was told, or will be, about an appointment: when, over what, and why not. */
export const Ledger = ({ appointmentId, timeZone, mayRetry }: Props) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const id = useId()
	const section = useRef<HTMLElement>(null)
	const { ledger, retry } = useLedger(appointmentId)
	const tryAgain = (notification: Notification) => {
		if (retry.isPending) return
		retry.mutate(notification.id)
		// The button goes away with the failure.
		section.current?.focus()
	}
	const { items, confirmedAt } = ledger.data ?? { items: [], confirmedAt: null }
	return (
		<section ref={section} tabIndex={-1} aria-labelledby={id} className={classes.ledger} data-testid="ledger">
			<div className={classes.head}>
				<Text component="h3" fw={650} size="sm" id={id}>
					{t('notices.title')}
				</Text>
				<Text size="xs" component="div">
					<Summary items={items} />
				</Text>
			</div>
			<Stack gap="xs">
				{ledger.isPending && <Skeletons heights={[36, 36, 36]} />}
				{ledger.isError && !ledger.data && <ErrorMessage error={ledger.error} onRetry={() => void ledger.refetch()} />}
				{retry.error && <ErrorMessage error={retry.error} />}
				{ledger.data && items.length === 0 && <Text size="sm">{t('notices.none')}</Text>}
				{items.length > 0 && (
					<ul className={classes.list}>
						{items.map(each => (
							<Row
								key={each.id}
								notification={each}
								timeZone={timeZone}
								busy={retry.isPending && retry.variables === each.id}
								onRetry={mayRetry ? () => tryAgain(each) : undefined}
							/>
						))}
					</ul>
				)}
				{confirmedAt && <Text size="sm">{t('notices.confirmed', { when: format.dayAndTime(confirmedAt) })}</Text>}
			</Stack>
		</section>
	)
}
