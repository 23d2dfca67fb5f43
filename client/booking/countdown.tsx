import { VisuallyHidden } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { serverNow } from '../api/http.ts'

const secondsTo = (until: string) => Math.max(0, Math.ceil((Date.parse(until) - serverNow()) / 1000))

/** The whole seconds left, counted each second. */
export const useSecondsLeft = (until: string): number => {
	const [left, setLeft] = useState(() => secondsTo(until))
	useEffect(() => {
		let timer: number
		const tick = () => {
			const now = secondsTo(until)
			setLeft(now)
			if (now > 0) timer = window.setTimeout(tick, ((Date.parse(until) - serverNow()) % 1000) + 15)
		}
		tick()
		return () => window.clearTimeout(timer)
	}, [until])
	return left
}

export const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`

/** Just the time left, as in `1:45`. */
export const Countdown = ({ until, className }: { until: string; className?: string | undefined }) => (
	<span className={className} dir="ltr">
		{clock(useSecondsLeft(until))}
	</span>
)

const announcedAt = [60, 30, 10]

/** Tells a screen reader how the countdown stands: at a minute, half a minute and ten seconds before the end. */
export const CountdownAnnouncement = ({ until }: { until: string }) => {
	const { t } = useTranslation()
	const left = useSecondsLeft(until)
	const [said, setSaid] = useState('')
	useEffect(() => {
		if (announcedAt.includes(left)) setSaid(t('booking.secondsLeft', { count: left }))
	}, [left, t])
	return <VisuallyHidden role="status">{said}</VisuallyHidden>
}
