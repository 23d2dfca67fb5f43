import { Button, Group, List, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { useSession } from '../api/session.tsx'
import { Dialog } from '../shell/dialog.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './account.module.css'
import { checks, PasswordField, useFields } from './fields.tsx'
import { useSending } from './use-sending.ts'

/** Says what erasing means, and asks for the password: there is no way back. */
export const EraseDialog = ({ onClose }: { onClose: () => void }) => {
	const { t } = useTranslation()
	const { erase } = useSession()
	const navigate = useNavigate()
	const fields = useFields({ password: '' }, ({ password }) => ({ password: checks.required(password) }))

	const leave = () => void navigate('/erased', { replace: true })
	const sending = useSending(fields, () => erase(fields.values.password, leave), { marks: true })

	return (
		<Dialog title={t('account.data.eraseTitle')} busy={sending.isBusy} onClose={onClose}>
			<List spacing="xs">
				<List.Item>{t('account.data.eraseVisits')}</List.Item>
				<List.Item>{t('account.data.eraseDetails')}</List.Item>
				<List.Item>{t('account.data.eraseStays')}</List.Item>
			</List>
			<Text fw={500}>{t('account.data.eraseFinal')}</Text>
			<form {...sending.form} className={classes.form}>
				{sending.error !== undefined && <ErrorMessage error={sending.error} />}
				<PasswordField label={t('account.password')} readOnly={sending.isBusy} {...fields.bind('password')} />
				<Group grow preventGrowOverflow={false} gap="sm">
					<Button variant="default" size="md" disabled={sending.isBusy} onClick={onClose}>
						{t('account.data.keep')}
					</Button>
					<Button type="submit" color="red" size="md" loading={sending.isBusy}>
						{t('account.data.eraseConfirm')}
					</Button>
				</Group>
			</form>
		</Dialog>
	)
}
