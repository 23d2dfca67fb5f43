import { Alert, Button, Stack, TextInput, Title } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PairedScreen, ScreenKind } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import classes from './waiting.module.css'

/** Shows the screen once this device is paired; until then, and again when an admin has revoked it, the form for a code. */
export function Paired({ kind, children }: PairedProps) {
	const { paired, keep } = usePairing(kind)
	const [wasRevoked, setWasRevoked] = useState(false)
	if (!paired)
		return (
			<PairingForm
				kind={kind}
				wasRevoked={wasRevoked}
				onPaired={screen => {
					setWasRevoked(false)
					keep(screen)
				}}
			/>
		)
	return children(paired, () => {
		setWasRevoked(true)
		keep(undefined)
	})
}

type PairedProps = { kind: ScreenKind; children: (screen: PairedScreen, onRefused: () => void) => ReactNode }

/** What this device keeps of its pairing, through restarts. */
function usePairing(kind: ScreenKind) {
	const key = `liveslot-${kind}`
	const [paired, setPaired] = useState<PairedScreen | undefined>(() => read(key))
	const keep = (screen: PairedScreen | undefined) => {
		try {
			if (screen) localStorage.setItem(key, JSON.stringify(screen))
			else localStorage.removeItem(key)
		} catch {}
		setPaired(screen)
	}
	return { paired, keep }
}

function read(key: string): PairedScreen | undefined {
	try {
		return JSON.parse(localStorage.getItem(key) ?? 'null') ?? undefined
	} catch {
		return undefined
	}
}

/** Asks for the code of an admin. */
const PairingForm = ({ kind, wasRevoked, onPaired }: PairingFormProps) => {
	const { t } = useTranslation()
	const [code, setCode] = useState('')
	const [problem, setProblem] = useState<string>()
	const [busy, setBusy] = useState(false)
	const pair = async (event: FormEvent) => {
		event.preventDefault()
		if (busy || !code.trim()) return
		setBusy(true)
		try {
			const screen = await request<PairedScreen>('/screens/pair', { method: 'POST', body: { code } })
			if (screen.kind === kind) onPaired(screen)
			else setProblem('waiting.pair.wrongKind')
		} catch {
			setProblem('waiting.pair.wrong')
		} finally {
			setBusy(false)
		}
	}
	return (
		<main className={classes.pairing}>
			<title>{t('waiting.pair.title')}</title>
			<form onSubmit={pair}>
				<Stack>
					<Title order={1}>{t('waiting.pair.title')}</Title>
					{wasRevoked && !problem && <Alert color="yellow">{t('waiting.pair.revoked')}</Alert>}
					<TextInput
						label={t('waiting.pair.code')}
						value={code}
						onChange={event => setCode(event.currentTarget.value)}
						size="xl"
						dir="ltr"
						autoComplete="off"
						autoCapitalize="characters"
						spellCheck={false}
						maxLength={20}
						autoFocus
						error={problem && t(problem)}
						data-testid="pairing-code"
					/>
					<Button type="submit" size="xl" loading={busy}>
						{t('waiting.pair.send')}
					</Button>
				</Stack>
			</form>
		</main>
	)
}

type PairingFormProps = { kind: ScreenKind; wasRevoked: boolean; onPaired: (screen: PairedScreen) => void }
