import { Button, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PairedScreen } from '../../contract/index.ts'
import { ApiError, request } from '../api/http.ts'
import { type Language, languages, setLanguage } from '../i18n/index.ts'
import { Paired } from './pairing.tsx'
import classes from './waiting.module.css'
import { useAwake } from './wall-device.ts'

/** Where patients check in by themselves. It shows nothing of a patient but the ticket, and forgets what was typed. */
export default function KioskScreen() {
	return <Paired kind="kiosk">{(screen, onRefused) => <Kiosk screen={screen} onRefused={onRefused} />}</Paired>
}

type Step = { at: 'welcome' } | { at: 'form' } | { at: 'sending' } | { at: 'done'; ticket: string } | { at: 'failed'; text: string }

const Kiosk = ({ screen, onRefused }: { screen: PairedScreen; onRefused: () => void }) => {
	const { t } = useTranslation()
	const [step, setStep] = useState<Step>({ at: 'welcome' })
	useAwake()

	const startOver = useCallback(() => {
		setStep({ at: 'welcome' })
		const language = screen.locale.slice(0, 2)
		if (Object.hasOwn(languages, language)) void setLanguage(language as Language).catch(() => {})
	}, [screen.locale])
	useIdle(step.at === 'done' || step.at === 'failed' ? shownMs : idleMs, step.at, startOver)

	const send = useCallback(
		async (input: { birthDate: string; name: string } | { link: string }) => {
			setStep({ at: 'sending' })
			try {
				const { ticket } = await request<{ ticket: string }>('/screens/check-in', {
					method: 'POST',
					body: { token: screen.token, ...input },
				})
				setStep({ at: 'done', ticket })
			} catch (error) {
				const code = error instanceof ApiError ? error.code : 'unreachable'
				if (code === 'unauthenticated') onRefused()
				else setStep({ at: 'failed', text: code === 'unreachable' ? 'waiting.kiosk.lost' : 'waiting.kiosk.notFound' })
			}
		},
		[screen.token, onRefused],
	)
	useScanner(link => void send({ link }))

	return (
		<main className={classes.kiosk} data-testid="kiosk">
			<title>{t('waiting.kiosk.title')}</title>
			<Text size="xl">{`${screen.clinicName} · ${screen.siteName}`}</Text>
			{step.at === 'welcome' && (
				<>
					<Title order={1}>{t('waiting.kiosk.welcome')}</Title>
					<Button className={classes.big} onClick={() => setStep({ at: 'form' })} data-testid="kiosk-start">
						{t('waiting.kiosk.start')}
					</Button>
					<Text size="xl">{t('waiting.kiosk.scan')}</Text>
					<Languages />
				</>
			)}
			{(step.at === 'form' || step.at === 'sending') && (
				<Form busy={step.at === 'sending'} onSend={input => void send(input)} onBack={startOver} />
			)}
			{step.at === 'done' && (
				<div role="status" className={classes.result}>
					<Title order={1}>{t('waiting.kiosk.done')}</Title>
					<Text size="xl">{t('waiting.kiosk.ticket')}</Text>
					<p className={classes.ticket} dir="ltr" data-testid="kiosk-ticket">
						{step.ticket}
					</p>
					<Text size="xl">{t('waiting.kiosk.watch')}</Text>
				</div>
			)}
			{step.at === 'failed' && (
				<div role="alert" className={classes.result}>
					<Title order={1}>{t(step.text)}</Title>
				</div>
			)}
			{(step.at === 'done' || step.at === 'failed') && (
				<Button className={classes.big} variant="default" onClick={startOver}>
					{t('waiting.kiosk.back')}
				</Button>
			)}
		</main>
	)
}

const Form = ({ busy, onSend, onBack }: FormProps) => {
	const { t } = useTranslation()
	const [date, setDate] = useState({ day: '', month: '', year: '' })
	const [name, setName] = useState('')
	const birthDate = `${date.year}-${date.month.padStart(2, '0')}-${date.day.padStart(2, '0')}`
	const isDate = !Number.isNaN(Date.parse(birthDate)) && date.year.length === 4
	const submit = (event: FormEvent) => {
		event.preventDefault()
		if (!busy && isDate && name.trim()) onSend({ birthDate, name: name.trim() })
	}
	return (
		<form onSubmit={submit} autoComplete="off">
			<Stack gap="lg">
				<Title order={1}>{t('waiting.kiosk.title')}</Title>
				<fieldset className={classes.birth}>
					<legend>{t('waiting.kiosk.birth')}</legend>
					<SimpleGrid cols={3}>
						{(['day', 'month', 'year'] as const).map(part => (
							<TextInput
								key={part}
								label={t(`waiting.kiosk.${part}`)}
								inputMode="numeric"
								size="xl"
								maxLength={part === 'year' ? 4 : 2}
								value={date[part]}
								onChange={event => setDate({ ...date, [part]: event.currentTarget.value.replace(/\D/g, '') })}
								autoComplete="off"
								autoFocus={part === 'day'}
							/>
						))}
					</SimpleGrid>
				</fieldset>
				<TextInput
					label={t('waiting.kiosk.name')}
					description={t('waiting.kiosk.nameHint')}
					size="xl"
					maxLength={60}
					value={name}
					onChange={event => setName(event.currentTarget.value)}
					autoComplete="off"
					spellCheck={false}
				/>
				<Button type="submit" className={classes.big} loading={busy} disabled={!isDate || !name.trim()}>
					{t('waiting.kiosk.next')}
				</Button>
				<Button className={classes.big} variant="default" onClick={onBack}>
					{t('waiting.kiosk.back')}
				</Button>
			</Stack>
		</form>
	)
}

type FormProps = { busy: boolean; onSend: (input: { birthDate: string; name: string }) => void; onBack: () => void }

const Languages = () => {
	const { t, i18n } = useTranslation()
	return (
		<nav className={classes.languages} aria-label={t('waiting.kiosk.language')}>
			{Object.entries(languages).map(([code, name]) => (
				<Button
					key={code}
					lang={code}
					size="xl"
					variant={i18n.language === code ? 'filled' : 'default'}
					aria-pressed={i18n.language === code}
					onClick={() => void setLanguage(code as Language).catch(() => {})}
				>
					{name}
				</Button>
			))}
		</nav>
	)
}

const idleMs = 45_000
/** How long a ticket is shown before the next patient comes. */
const shownMs = 15_000

/** Calls back when nothing was touched for a while; counted again at each step. */
function useIdle(afterMs: number, step: string, onIdle: () => void): void {
	// biome-ignore lint/correctness/useExhaustiveDependencies: each step has its whole time
	useEffect(() => {
		let timer = window.setTimeout(onIdle, afterMs)
		const again = () => {
			window.clearTimeout(timer)
			timer = window.setTimeout(onIdle, afterMs)
		}
		const events = ['pointerdown', 'keydown'] as const
		for (const event of events) window.addEventListener(event, again)
		return () => {
			window.clearTimeout(timer)
			for (const event of events) window.removeEventListener(event, again)
		}
	}, [afterMs, step, onIdle])
}

/** A scanner types what it reads, faster than a hand, and then Enter. */
function useScanner(onLink: (link: string) => void): void {
	const heard = useRef(onLink)
	heard.current = onLink
	useEffect(() => {
		let typed = ''
		let lastMs = 0
		const onKeyDown = (event: KeyboardEvent) => {
			const nowMs = performance.now()
			if (nowMs - lastMs > slowestKeyMs) typed = ''
			lastMs = nowMs
			if (event.key.length === 1) typed = (typed + event.key).slice(-300)
			if (event.key !== 'Enter' || !/\/(n|line)[/#]/.test(typed)) return
			event.preventDefault()
			event.stopPropagation()
			heard.current(typed)
			typed = ''
		}
		window.addEventListener('keydown', onKeyDown, true)
		return () => window.removeEventListener('keydown', onKeyDown, true)
	}, [])
}

const slowestKeyMs = 150
