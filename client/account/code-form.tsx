import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { User } from '../../contract/index.ts'
import { ApiError } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { type CodeKind, ProofForm } from './proof-form.tsx'

type Props = {
	challenge: string
	onDone: ((user: User) => void) | undefined
	/** Back to the password, also because the challenge is over. */
	onStartOver: (reason?: unknown) => void
}

/** The second step of signing in. */
export function CodeForm({ challenge, onDone, onStartOver }: Props) {
	const { t } = useTranslation()
	const { answerChallenge } = useSession()
	const [kind, setKind] = useState<CodeKind>('app')

	const send = async ({ code }: { code: string }) => {
		try {
			const user = await answerChallenge(challenge, code)
			onDone?.(user)
		} catch (error) {
			if (!(error instanceof ApiError && error.code === 'token_expired')) throw error
			onStartOver(error)
		}
	}

	return (
		// After the password the person goes on typing. Another kind of code is another form.
		<ProofForm
			key={kind}
			asks={[kind]}
			action={t('account.signIn')}
			send={send}
			isNarrow
			others={
				<>
					<Button size="md" variant="subtle" onClick={() => setKind(kind === 'app' ? 'recovery' : 'app')}>
						{t(kind === 'app' ? 'account.useRecoveryCode' : 'account.useApp')}
					</Button>
					<Button size="md" variant="subtle" onClick={() => onStartOver()}>
						{t('account.backToSignIn')}
					</Button>
				</>
			}
		>
			<Text role="status">{t('account.secondStep')}</Text>
		</ProofForm>
	)
}
