import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { LineEntry, PairedScreen } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import { Paired } from './pairing.tsx'
import { useLine } from './use-line.ts'
import classes from './waiting.module.css'
import { useAwake, useCallSound } from './wall-device.ts'

/** Tickets and rooms for the wall of a waiting room, never names. It runs for days, and says when it is not connected. */
export default function WallScreen() {
	return <Paired kind="wall">{(screen, onRefused) => <Wall screen={screen} onRefused={onRefused} />}</Paired>
}

const Wall = ({ screen, onRefused }: { screen: PairedScreen; onRefused: () => void }) => {
	const { t } = useTranslation()
	const { state, entries } = useLine({ siteId: screen.siteId, screenToken: screen.token })
	const called = entries.filter(({ status }) => status === 'called').toSorted((a, b) => (a.since < b.since ? 1 : -1))
	const waiting = entries.filter(({ status }) => status === 'waiting')
	const sound = useCallSound(state === 'live' ? called.map(({ ticket, since }) => `${ticket} ${since}`) : undefined)
	const lost = useLost(state)
	useAwake()

	const refused = useRef(onRefused)
	refused.current = onRefused
	useEffect(() => {
		if (state === 'refused') refused.current()
	}, [state])

	return (
		<main className={classes.wall} data-lost={lost || undefined} data-testid="wall">
			<title>{t('waiting.wall.title')}</title>
			<header className={classes.wallHead}>
				<h1>{`${screen.clinicName} · ${screen.siteName}`}</h1>
				{sound.needsTouch && (
					<button type="button" className={classes.sound} onClick={sound.allow}>
						{t('waiting.wall.sound')}
					</button>
				)}
				<Clock />
			</header>
			<div role="status">
				{lost && (
					<p className={classes.lost} data-testid="wall-lost">
						{t('waiting.wall.lost')}
					</p>
				)}
			</div>
			<section className={classes.called} aria-label={t('waiting.wall.called')} aria-live="polite">
				<h2>{t('waiting.wall.called')}</h2>
				{called.length === 0 ? (
					<p className={classes.none}>{t('waiting.wall.none')}</p>
				) : (
					<ol>
						{called.slice(0, mostCalled).map(entry => (
							<Called key={entry.ticket} entry={entry} />
						))}
					</ol>
				)}
			</section>
			<section className={classes.queue} aria-label={t('waiting.wall.waiting')}>
				<h2>{t('waiting.wall.waiting')}</h2>
				<ol>
					{waiting.slice(0, mostWaiting).map(({ ticket }) => (
						<li key={ticket} dir="ltr">
							{ticket}
						</li>
					))}
					{waiting.length > mostWaiting && <li dir="ltr">{`+${waiting.length - mostWaiting}`}</li>}
				</ol>
			</section>
		</main>
	)
}

const mostCalled = 6
const mostWaiting = 30

const Called = ({ entry: { ticket, room, since } }: { entry: LineEntry }) => {
	const { t } = useTranslation()
	return (
		// A new call is a new element, so that it is shown and read out as one.
		<li key={since} className={classes.call} data-testid="wall-call">
			<span className={classes.ticket} dir="ltr">
				{ticket}
			</span>
			<span className={classes.room}>{room ? t('waiting.wall.room', { room }) : t('waiting.wall.goIn')}</span>
		</li>
	)
}

const Clock = () => {
	const format = useFormat(undefined)
	const [now, setNow] = useState(() => Date.now())
	useEffect(() => {
		const timer = window.setInterval(() => setNow(Date.now()), 1000)
		return () => window.clearInterval(timer)
	}, [])
	return <time dateTime={new Date(now).toISOString().slice(0, 16)}>{format.time(now)}</time>
}

/** Whether the line has not been live for longer than a blink. */
function useLost(state: string): boolean {
	const [lost, setLost] = useState(false)
	useEffect(() => {
		if (state === 'live') return setLost(false)
		const timer = window.setTimeout(() => setLost(true), blinkMs)
		return () => window.clearTimeout(timer)
	}, [state])
	return lost
}

const blinkMs = 2000
