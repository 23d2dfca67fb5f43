import { Button, Group, List, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { useSession } from '../api/session.tsx'
import { Dialog } from '../shell/dialog.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { checks, PasswordField, useFields } from './fields.tsx'

/** Says what erasing means, and asks for the password: there is no way back. */
export const EraseDialog = ({ onClose }: { onClose: () => void }) => {
	const { t } = useTranslation()
	const { erase } = useSession()
	const navigate = useNavigate()
	const [progress, setProgress] = useState<{ state: 'asking' | 'sending' } | { state: 'failed'; error: unknown }>({ state: 'asking' })
	const sending = progress.state === 'sending'
	const fields = useFields({ password: '' }, ({ password }) => ({ password: checks.required(password) }))

	const send = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (!fields.complete(event.currentTarget)) return
		setProgress({ state: 'sending' })
		try {
			await erase(fields.values.password, () => void navigate('/erased', { replace: true }))
		} catch (error) {
			fields.refuse(error)
			setProgress({ state: 'failed', error })
		}
	}

	return (
		<Dialog title={t('account.data.eraseTitle')} busy={sending} onClose={onClose}>
			<List spacing="xs">
				<List.Item>{t('account.data.eraseVisits')}</List.Item>
				<List.Item>{t('account.data.eraseDetails')}</List.Item>
				<List.Item>{t('account.data.eraseStays')}</List.Item>
			</List>
			<Text fw={500}>{t('account.data.eraseFinal')}</Text>
			<form onSubmit={send} noValidate className={classes.form}>
				{progress.state === 'failed' && <ErrorMessage error={progress.error} />}
				<PasswordField label={t('account.password')} readOnly={sending} {...fields.bind('password')} />
				<Group grow preventGrowOverflow={false} gap="sm">
					<Button variant="default" size="md" disabled={sending} onClick={onClose}>
						{t('account.data.keep')}
					</Button>
					<Button type="submit" color="red" size="md" loading={sending}>
						{t('account.data.eraseConfirm')}
					</Button>
				</Group>
			</form>
		</Dialog>
	)
}
